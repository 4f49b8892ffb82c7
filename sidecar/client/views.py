"""The words in which the sidecar tells what it holds: what the API sends, and every surface shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue

from sidecar.checker.manifest import Irreversible, Manifest
from sidecar.checker.report import Problem, Report
from sidecar.isolation.tiers import TIERS, Tier

__all__ = [
    "EVERY_STEP",
    "TIERS",
    "Answered",
    "Approval",
    "Attempt",
    "Backup",
    "BudgetWait",
    "Call",
    "Cap",
    "Card",
    "Cost",
    "Day",
    "DayCost",
    "Decision",
    "Delivery",
    "Diff",
    "DoorChange",
    "Event",
    "EventOutcome",
    "Finding",
    "Found",
    "Halt",
    "Health",
    "Heard",
    "Incoming",
    "LogLine",
    "Look",
    "Manifest",
    "MemoryFile",
    "ModelCost",
    "Moment",
    "Narrowed",
    "Notice",
    "Obstacle",
    "Posting",
    "Problem",
    "Proposal",
    "Quarantine",
    "Report",
    "Restored",
    "Review",
    "Run",
    "RunDetail",
    "RunOutcome",
    "RunState",
    "ScheduleHistory",
    "Scope",
    "Secret",
    "SecretGrant",
    "SecretUse",
    "Session",
    "Skill",
    "SkillCost",
    "SkillDay",
    "SkillDetail",
    "Slot",
    "Source",
    "Spent",
    "Status",
    "Step",
    "StepAttempt",
    "Stop",
    "Tier",
    "TranscriptEntry",
    "Verdict",
    "Version",
    "What",
    "Why",
    "WorkspaceFile",
    "WorkspaceFiles",
]

RunState: TypeAlias = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
CALLED_ONLY = "called only"  # the schedule of a skill that nothing starts by itself
LOOKED_THROUGH = 5_000  # runs by one search for a text, with their steps
FINAL: frozenset[RunState] = frozenset({"succeeded", "failed", "cancelled"})


class View(BaseModel):
    model_config = ConfigDict(frozen=True)


class Quarantine(View):
    """A skill that failed too often in a row: its triggers start no runs, but for one trial at a time."""

    since: datetime
    reason: str
    trial_from: datetime  # from then on one is let through
    trial: str | None  # the run that is under way
    last_run: str | None  # that was counted


class Stop(View):
    """A person's word that nothing of a skill runs, or nothing at all, until it is started again."""

    skill: str | None  # None: everything
    since: datetime
    by: str
    reason: str


class Skill(View):
    """A row of `tend skills list`."""

    name: str
    purpose: str
    origin: Literal["workspace", "shipped"]
    version: str | None  # the active version's hash; None: nothing has passed yet
    schedule: str  # in words
    next_at: datetime | None
    paused: bool
    paused_reason: str | None = None
    quarantine: Quarantine | None = None
    stopped: bool = False  # by itself; whether everything is, the status says
    last_run: Run | None = None
    problems: int = 0  # in the newest report, where that is not the active version's
    waits: str | None = None  # its newest version, for a person's yes: the approval's id


class ModelCost(View):
    """What asking the model costs, in US dollars; None: unknown."""

    run_usd: float | None
    month_usd: float | None  # of the runs that its schedule starts
    basis: str  # "its last 12 runs", or what is assumed


class SecretGrant(View):
    skill: str
    host: str  # as the skill declares it
    by: str
    at: datetime


class Secret(View):
    """Its name and what may be done with it; never its value."""

    name: str
    is_set: bool  # has a value on this host
    used_by: tuple[str, ...] = ()  # skills that declare it
    grants: tuple[SecretGrant, ...] = ()


class SecretUse(View):
    """A secret that a version declares."""

    name: str
    is_set: bool  # has a value on this host
    granted: tuple[str, ...]  # hosts that the skill may send it to
    todo: tuple[str, ...]  # what a person types before it can be used


class Card(View):
    """What a version may do, and what it costs: read from its code, without running it."""

    may: tuple[str, ...]  # in words: "reaches api.example.com"
    hosts: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    commands: tuple[str, ...] = ()
    secrets: tuple[SecretUse, ...] = ()
    irreversible: tuple[Irreversible, ...]
    schedule: str  # in words
    runs_a_day: float  # that its schedule starts; events and calls come besides
    model_calls: int  # places in its code that ask the model
    cost: ModelCost | None  # None: it asks no model
    budget_usd: float | None = None  # what a run of it, with those below, may cost by its own declaration
    wider: tuple[str, ...] = ()  # what the active version may not
    narrower: tuple[str, ...] = ()  # what the active version may besides


class Version(View):
    """One immutable set of source bytes."""

    hash: str
    skill: str
    state: Literal["draft", "active", "retired", "refused", "proposed", "waiting", "approved", "superseded"]
    author: str  # "person", "agent", "tend"
    reason: str
    base: str | None  # the version it started from
    created_at: datetime
    activated_at: datetime | None = None
    card: Card | None = None  # None: it could not be read


class SkillDetail(View):
    skill: Skill
    manifest: Manifest | None
    path: str  # in the workspace
    report: Report | None  # the newest check, whether it passed or not
    next_times: tuple[datetime, ...] = ()
    versions: tuple[Version, ...] = ()
    card: Card | None = None  # the active version's


class Source(View):
    """A skill's module as text: the file's own bytes, or a version's."""

    skill: str
    path: str
    hash: str  # the sha256 that a write or edit names as the one it started from
    version: str | None
    text: str
    problems: int = 0  # that the check found in the file as it is now


class Verdict(View):
    """What became of a write: the report, and whether those bytes are live now."""

    report: Report
    live: bool
    version: str
    diff: str  # unified, against the bytes before
    hash: str | None = None  # the file's own bytes now: what the next write or edit names as its base
    next_times: tuple[datetime, ...] = ()
    schedule: str = ""
    card: Card | None = None
    approval: str | None = None  # what it waits for: a person's yes to what it may do more
    denied: str | None = None  # who said no to these bytes, and why


class Diff(View):
    skill: str
    old: str
    new: str
    text: str  # unified


class Error(View):
    type: str
    message: str
    traceback: str = ""


class Run(View):
    """A row of `tend runs list`."""

    id: str
    skill: str
    version: str
    state: RunState
    reason: str | None = None  # why it waits, or how it ended
    trigger: str  # "cron 0 9 * * 1", "call", "chat", "run ID", "rehearsal", "on_failure"
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    wake_at: datetime | None = None
    parent: str | None = None
    cost_usd: float | None = None
    error: Error | None = None
    misfire: str | None = None  # which expectation it broke
    rehearsal: bool = False
    result: str = ""  # on one line: the beginning of its output, or why it had nothing to report
    told: tuple[str, ...] = ()  # on one line each: the beginning of its notices, "#ops: it is down"


class Narrowed(View):
    """Which runs are wanted; None: whatever it is."""

    skill: str | None = None
    state: RunState | None = None
    version: str | None = None  # a hash, or the first letters of one
    trigger: str | None = None  # or its first letters: "cron", "event order.paid"
    since: datetime | None = None  # both are of when they were made
    until: datetime | None = None


class Found(View):
    """What a search among the runs has found."""

    runs: tuple[Run, ...]  # newest first
    whole: bool  # False: it looked through the newest `LOOKED_THROUGH` alone


class RunOutcome(View):
    """What has become of one run of many that were named."""

    run: str
    done: bool
    told: str  # "cancelled", "run ID" that was made of it; or why not


class SkillDay(View):
    """How many of a skill's runs were made in each of the day's hours, and how they stand."""

    skill: str
    runs: tuple[int, ...]
    failed: tuple[int, ...]  # or did the wrong thing
    unfinished: tuple[int, ...]


class Day(View):
    hours: tuple[datetime, ...]  # when each began; oldest first, the last one is not over
    skills: tuple[SkillDay, ...]  # by name


class Halt(View):
    """A stop that was made or lifted, and the runs that were under way: they are queued, and go on after a start."""

    stop: Stop
    runs: tuple[Run, ...]  # of one that has not ended within 5 s, the state is still running
    in_doubt: tuple[str, ...] = ()  # of these, those in an irreversible step: a person will be asked what became of it


class StepAttempt(View):
    number: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str  # running, succeeded, failed, timed out, lost; held: there was no room under a cap
    error: Error | None = None


class Step(View):
    name: str
    occurrence: int
    kind: str
    state: Literal["running", "retrying", "waiting", "succeeded", "failed"]
    arguments: JsonValue
    result: JsonValue = None
    error: Error | None = None
    started_at: datetime
    ended_at: datetime | None
    attempts: tuple[StepAttempt, ...] = ()
    child: str | None = None  # the run that an invoke started


class Attempt(View):
    number: int
    started_at: datetime
    ended_at: datetime | None
    # running, succeeded, failed, suspended, timed out, cancelled; lost: it died; stopped: by a person or a restart
    outcome: str
    pid: int | None = None
    host: str | None = None  # which of many; None where there is one
    tier: Tier | None = None  # how far its process was locked in; None: it had none yet


class LogLine(View):
    at: datetime
    level: str
    step: str | None
    message: str
    fields: dict[str, JsonValue] = {}


EVERY_STEP = "*"  # in place of one's name


class Call(View):
    """One effect: what a step asked of the world, and what came back."""

    at: datetime
    step: str
    attempt: int
    kind: str
    summary: str  # "GET http://… → 200", "model claude-… 1,200 in, 300 out"
    request: JsonValue  # this and the reply: None where its step was not asked for
    reply: JsonValue
    error: Error | None = None
    cost_usd: float | None = None
    seconds: float
    stubbed: bool = False  # a rehearsal's: recorded, and not done


class RunDetail(View):
    run: Run
    input: JsonValue
    output: JsonValue
    nothing_to_report: str | None
    steps: tuple[Step, ...]
    attempts: tuple[Attempt, ...]
    logs: tuple[LogLine, ...]
    calls: tuple[Call, ...]
    children: tuple[Run, ...]
    before: str | None = None  # the skill's run before this one
    has_on_failure: bool = False  # its version's skill has a handler for runs that failed


class BoundCall(View):
    """What a yes lets happen, whole: for an irreversible step, that step once, with these arguments."""

    step: str | None = None
    arguments: JsonValue = None
    version: str | None = None


ApprovalKind: TypeAlias = Literal["approval", "question", "unknown", "version", "budget"]


class Approval(View):
    """A wait that a person answers: yes or no; for the agent's question, in words; for an irreversible step during
    which Tend died (`unknown`), done or not-done. Where a version or a budget is what it is about, no run waits."""

    id: str
    kind: ApprovalKind
    run: str | None
    skill: str
    question: str
    call: BoundCall | None = None
    target: str | None = None  # what that can reach
    reason: str | None = None  # why a person is asked
    hash: str = ""  # over all that a yes is bound to
    choices: tuple[str, ...] = ()
    asked_at: datetime
    expires_at: datetime | None
    on_expiry: Literal["no", "fail"] = "no"
    state: Literal["open", "approved", "denied", "answered", "expired", "void"]
    answer: str | None = None
    because: str | None = None
    by: str | None = None
    via: str | None = None  # the surface it was answered on
    answered_at: datetime | None = None


GrantState: TypeAlias = Literal["active", "expired", "revoked", "void"]  # void: other bytes are live


class Grant(View):
    """A standing approval: a yes beforehand to an irreversible step of one version, for a while."""

    id: str
    skill: str
    version: str
    step: str
    arguments: dict[str, JsonValue]  # those that have to be just so; any will do for the others
    reason: str
    state: GrantState
    by: str
    granted_at: datetime
    expires_at: datetime
    revoked_by: str | None = None
    uses: int = 0
    used_at: datetime | None = None  # for the last time


class Rule(View):
    """Whether something needs a person's yes. "ask": a standing approval may give it; "always": a person, each time."""

    what: str
    need: Literal["never", "ask", "always"]
    set: bool  # by the settings; else it is the default


class Rules(View):
    needs: tuple[Rule, ...]
    approvers: dict[str, tuple[str, ...]]  # by skill, "*" for the others; none: the local user


class Answered(View):
    """What became of an answer. Only one "counted" per approval; the others changed nothing, and `said` tells why."""

    outcome: Literal["counted", "already", "late", "void", "not_allowed", "not_found"]
    said: str
    approval: Approval | None = None  # as it is now


class Posting(View):
    """A notice on its way to one target."""

    id: str
    target: str
    state: Literal["waiting", "sent", "ambiguous", "failed", "counted", "dropped"]
    reason: str | None = None  # why it is not there yet, or never will be
    tries: int = 0  # look-ups among them
    due_at: datetime | None = None  # of one that waits
    ended_at: datetime | None = None


class Notice(View):
    id: str
    at: datetime
    skill: str
    run: str
    target: str
    text: str
    kind: str = "said"  # by the skill; else what Tend alerts to: failed, silent, recovered, ...
    postings: tuple[Posting, ...] = ()  # none: it is kept here, and shown


DeliveryOutcome: TypeAlias = Literal[
    "started", "paused", "stopped", "over cap", "quarantined", "limited", "merged", "skipped", "answered", "refused"
]


class Delivery(View):
    """What became of an event at one skill that listens to it."""

    skill: str
    outcome: DeliveryOutcome
    reason: str | None = None
    run: str | None = None


class Event(View):
    id: str
    name: str
    payload: JsonValue
    source: str  # "run ID", or who emitted it
    depth: int
    at: datetime
    deliveries: tuple[Delivery, ...]  # none: nobody listens
    is_new: bool = True  # False: it was emitted before; nothing has happened now


DoorChange: TypeAlias = Literal[
    "add webhook", "rotate webhook", "remove webhook", "add token", "remove token", "set web password"
]


class Incoming(View):
    """An event from outside, that its sender has proven to be its own."""

    name: str
    payload: JsonValue
    id: str  # the same name and id again is the same event
    source: str  # by which door it came: "webhook github"


class EventOutcome(View):
    """What has become of one event of many."""

    stored: bool
    is_new: bool = False  # False: it was stored before
    refused: str | None = None  # the reason's name for programs; None where it is not stored: it may be tried again
    told: str = ""


class Session(View):
    id: str
    created_at: datetime
    title: str  # the first words said in it
    messages: int


class TranscriptEntry(View):
    at: datetime
    role: Literal["person", "agent"]
    text: str
    run: str | None


class Finding(View):
    """A misfiring skill with its evidence, each item citing runs."""

    skill: str
    kind: str  # failures, stale output, silence, slow, retries, expectation
    summary: str
    evidence: tuple[str, ...]
    runs: tuple[str, ...]


class Proposal(View):
    """A revision that answers a finding; live when a person accepts it."""

    id: str
    skill: str
    state: Literal["open", "accepted", "dismissed", "superseded"]
    finding: Finding
    base: str
    version: str
    reason: str
    diff: str
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    card: Card | None = None  # of the proposed version


class Review(View):
    """One pass over the run history."""

    run: str
    at: datetime
    since: datetime
    until: datetime
    summary: str
    findings: tuple[Finding, ...]
    proposals: tuple[Proposal, ...]


class Slot(View):
    """One due time of a schedule, and what became of it."""

    due_at: datetime
    outcome: str  # fired, late, missed, paused, stopped, over cap, merged, quarantined, skipped
    reason: str | None
    run: Run | None  # that it started, or was merged into


class ScheduleHistory(View):
    schedule: str  # in words; one that is declared no more by its name in the store
    declared: bool
    next_times: tuple[datetime, ...] = ()
    slots: tuple[Slot, ...]  # newest first


class Heard(View):
    """One event that came to the skill, and what became of it there."""

    name: str
    id: str
    at: datetime
    outcome: DeliveryOutcome
    reason: str | None
    run: Run | None  # that it started, or was merged into


class Obstacle(View):
    """Something that keeps a skill from running now, or one of its runs from starting."""

    kind: Literal[
        "retired", "stopped", "paused", "waiting", "over cap", "quarantined", "refused", "concurrency", "queued"
    ]
    told: str  # a sentence
    since: datetime | None = None
    run: str | None = None
    fix: str = ""  # what to type


class Why(View):
    """Why a skill ran, or did not."""

    skill: Skill
    obstacles: tuple[Obstacle, ...]  # empty: nothing keeps it from running
    schedules: tuple[ScheduleHistory, ...]
    events: tuple[Heard, ...] = ()  # newest first


Scope: TypeAlias = Literal["run", "skill", "day", "month"]
What: TypeAlias = Literal["usd", "model_calls", "http_calls", "notices"]


class Spent(View):
    """How much of a cap is used: what was settled, and what is reserved."""

    used: float
    cap: float


class SkillCost(View):
    """What a skill has spent and done; the agent is one of them."""

    skill: str
    usd: float
    model_calls: int
    http_calls: int
    notices: int
    runs: int  # that called a model
    median_run_usd: float | None  # of those
    today: Spent


class BudgetWait(View):
    """A run that waits for room under a cap."""

    run: str
    skill: str
    told: str
    command: str  # what lets it go on
    since: datetime
    expires_at: datetime  # then it fails


class DayCost(View):
    """What one day of the workspace's zone has cost."""

    day: date
    usd: float
    skills: dict[str, float]  # of it, by skill


class Cost(View):
    """What `tend cost` shows. All sums are in USD, and what is only reserved is in them."""

    since: date
    day: Spent
    month: Spent
    month_at_this_rate_usd: float
    under_way_usd: float  # reserved for calls that are being made
    unsettled_usd: float  # reserved for calls that broke off: they may have been billed, and count as if
    unpriced_usd: float  # counted by `fallback_price`, since the model's price is unknown
    days: tuple[DayCost, ...]  # since then, oldest first
    skills: tuple[SkillCost, ...]  # the dearest first
    waiting: tuple[BudgetWait, ...]


class Cap(View):
    """How much there may be of something."""

    scope: Scope
    subject: str  # the run or the skill; "" for each of them, or for all together
    what: What
    amount: float  # USD, or a count
    who: str | None = None  # None: the settings say so
    why: str = ""
    at: datetime | None = None


class Look(View):
    """What the agent sees of the world before it writes a skill for it."""

    url: str  # where redirects ended
    status: int
    content_type: str
    length: int  # bytes
    text: str  # its beginning; empty where it is no text


class MemoryFile(View):
    """A file's text; of a long one that is not memory, its beginning."""

    path: str  # MEMORY.md, or memory/2026-11-21.md
    text: str  # "": it has not been written yet
    hash: str = ""  # the sha256 that a change names as the one it started from


class WorkspaceFile(View):
    path: str
    size: int  # bytes
    changed_at: datetime | None  # None: it has not been written yet


class WorkspaceFiles(View):
    files: tuple[WorkspaceFile, ...]
    whole: bool  # False: there are more


class Health(View):
    """One line of `tend doctor`."""

    name: str
    state: Literal["ok", "warning", "error"]
    detail: str
    fix: str = ""


class Backup(View):
    path: str
    size: int  # bytes
    files: int  # of the workspace, beside the store
    skipped: tuple[str, ...] = ()  # links, sockets and the like


class Restored(View):
    made_at: datetime  # the backup
    made_of: str  # the workspace then
    files: int
    skills: int  # that are live
    unfinished: int  # runs that go on from there
    aside: str  # where the old store and files are
    secrets: tuple[str, ...] = ()  # that skills use and that have no value here: no backup has them


class Host(View):
    """One of the hosts that share a database."""

    name: str
    leads: bool  # watches the workspace and keeps the schedules
    is_this: bool  # the one that was asked
    alive: bool
    seen_at: datetime


class Decision(View):
    """A row of the audit: it is written with the decision itself, and never changed."""

    at: datetime
    who: str
    what: str  # activate, retire, approved, cancel, cap …
    subject: str
    why: str
    skill: str | None  # that it is about, if it is about one


class Status(View):
    version: str
    pid: int
    workspace: str
    zone: str
    started_at: datetime
    skills: int
    paused: int
    quarantined: int = 0
    broken: int  # skills whose newest bytes were refused
    running: tuple[Run, ...]
    waiting: tuple[Run, ...]
    failed_today: int
    next_up: tuple[Skill, ...]
    approvals: tuple[Approval, ...]
    proposals: tuple[Proposal, ...]
    model: str | None  # which model writes skills; None: not configured
    model_missing: str | None  # which setting is missing
    spent_today: Spent  # of the cap on everything together, what is reserved included
    waiting_for_budget: int = 0  # runs
    degraded: str | None = None  # why nothing is acknowledged at the moment: the store takes no changes
    tier: Tier = "limited"  # how far workers are locked in on this machine
    tier_because: str = ""  # why no further
    stopped: Stop | None = None  # everything; skills that are stopped by themselves say so in their list
    hosts: tuple[Host, ...] = ()  # that share the database; none where one host has it alone


class Moment(View):
    """Something that has just happened, as it is streamed. `data` by topic:

    run        {"run", "skill", "state", "trigger"}       step    {"run", "step", "state", "kind"}
    check      {"skill", "passed", "version", "problems"} skill   {"skill", "what"}  live, paused, resumed, retired,
                                                                              quarantined, recovered
    text       {"run", "session", "text"}                 tool    {"run", "session", "name", "state"}
    notice     {"target", "text", "skill", "run"}         approval {"id", "state", "question", "run"}
    proposal   {"id", "skill", "state"}                   retry   {"run", "error", "wait"}
    stop       {"skill", "state", "by", "reason"}  stopped, started; without a skill: everything
    """

    id: int
    at: datetime
    topic: str
    data: dict[str, JsonValue]


Skill.model_rebuild()
