"""The tables, in the order in which data passes through them.

Times are seconds since 1970 in UTC, as double precision; values are JSON. A migration under `migrations/` goes with
every change here; a test compares the two.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from sidecar.store.values import Text

metadata = sa.MetaData()

WAITING = "state = 'waiting'"
APPROVED = "state = 'approved'"
READY = "state = 'queued'"
HOLDS_ROOM = "admitted AND ended_at IS NULL"
HAS_KEY = "concurrency_key <> ''"


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(none_as_null=True))


def _time(name: str, *, nullable: bool = True) -> sa.Column[float]:
    return sa.Column(name, sa.Float(precision=53), nullable=nullable)


def _of_some(name: str, which: str, *columns: str | sa.ColumnElement[Any]) -> sa.Index:
    """Of few rows, so that most are written without it. It is used by what says `which` in these words."""
    return sa.Index(name, *columns, sqlite_where=sa.text(which), postgresql_where=sa.text(which))


# ---------------------------------------------------------------- skills and their versions

blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("skill", Text, nullable=False, index=True),
    sa.Column("state", Text, nullable=False),  # active, retired, refused, proposed; waiting, approved, superseded
    sa.Column("entry", Text, nullable=False),
    _json("files"),  # path in the workspace → blob
    _json("manifest"),
    _json("report"),
    sa.Column("import_from", Text),
    sa.Column("author", Text, nullable=False),
    sa.Column("reason", Text, nullable=False),
    sa.Column("base", sa.String(64)),
    _time("created_at", nullable=False),
    _time("activated_at"),
    _of_some("versions_approved", APPROVED, "skill"),
)

skills = sa.Table(
    "skills",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("origin", Text, nullable=False),  # workspace, shipped
    sa.Column("active", sa.String(64), sa.ForeignKey("versions.hash")),
    sa.Column("newest", sa.String(64)),  # the version of the newest check, passed or not
    _json("report"),  # the newest report, also where no version could be made of the file
    sa.Column("paused", sa.Boolean, nullable=False, default=False),
    sa.Column("paused_reason", Text),
    _time("retired_at"),
)

stops = sa.Table(  # what a person has stopped, until it is started again
    "stops",
    metadata,
    sa.Column("skill", Text, primary_key=True),  # "": everything
    _time("at", nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
)

# ---------------------------------------------------------------- triggers

slots = sa.Table(
    "slots",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("schedule", Text, primary_key=True),  # "cron */5 * * * * Europe/Berlin"
    sa.Column("slot", Text, primary_key=True),  # the due time as the zone's clock shows it
    _time("due_at", nullable=False),
    sa.Column(
        "outcome", Text, nullable=False
    ),  # fired, late, missed, paused, stopped, over cap, merged, quarantined, …
    sa.Column("reason", Text),
    sa.Column("run", Text, index=True),
    _time("created_at", nullable=False),
)

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("schedule", Text, primary_key=True),
    _time("seen_until", nullable=False),  # every slot up to here has its row
)

listeners = sa.Table(  # which active skills an event starts
    "listeners",
    metadata,
    sa.Column("event", Text, primary_key=True),
    sa.Column("skill", Text, primary_key=True),
    sa.Column("key", Text),  # the payload's field by which concurrency is counted
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", Text, nullable=False),
    sa.Column("id", Text, nullable=False),
    _json("payload"),
    sa.Column("source", Text, nullable=False),  # "run ID", or who emitted it
    sa.Column("depth", sa.Integer, nullable=False),  # how many runs and events led to it
    _time("at", nullable=False),
    sa.UniqueConstraint("name", "id"),
    sa.Index("events_by_name", "name", "at"),
)

deliveries = sa.Table(  # what became of an event
    "deliveries",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("event", sa.Integer, sa.ForeignKey("events.seq"), nullable=False, index=True),
    sa.Column("skill", Text, nullable=False),
    sa.Column(
        "outcome", Text, nullable=False
    ),  # started, paused, stopped, over cap, quarantined, limited, merged, skipped, answered, …
    sa.Column("reason", Text),
    sa.Column("run", Text, index=True),
    sa.Index("deliveries_by_skill", "skill", "seq"),
)

breakers = sa.Table(  # skills that have failed since their last success
    "breakers",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),  # in a row
    _time("failed_at", nullable=False),
    sa.Column("last_run", Text),
    _time("opened_at"),  # null: closed
    _time("trial_from"),
    sa.Column("trial", Text),  # the run that is let through
    sa.Column("told", sa.Boolean, nullable=False, server_default=sa.false()),  # people know that it fails
)

# ---------------------------------------------------------------- runs and their journal

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", Text, nullable=False, unique=True),
    sa.Column("skill", Text, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("reason", Text),
    sa.Column("trigger", Text, nullable=False),
    sa.Column("rehearsal", sa.Boolean, nullable=False, default=False),
    _json("input"),
    _json("output"),
    _json("error"),
    sa.Column("nothing_to_report", Text),
    sa.Column("misfire", Text),
    sa.Column("parent", Text),
    sa.Column("parent_step", Text),
    sa.Column("parent_occurrence", sa.Integer),
    sa.Column("session", Text),
    sa.Column("depth", sa.Integer, nullable=False, default=0),  # how many runs led here by events and by run.start
    sa.Column("concurrency_key", Text, nullable=False, default=""),
    sa.Column("concurrency", sa.Integer, nullable=False, default=1),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),  # the higher starts first
    sa.Column("admitted", sa.Boolean, nullable=False, default=False),
    sa.Column("handed_over", sa.Boolean, nullable=False, default=False),  # queued for any of many hosts
    sa.Column("fence", sa.Integer, nullable=False, default=0),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("deaths", sa.Integer, nullable=False, default=0),  # workers lost since the last remembered step
    _time("ready_at", nullable=False),
    _time("wake_at"),
    _time("deadline_at"),
    _time("created_at", nullable=False),
    _time("started_at"),
    _time("ended_at"),
    sa.Index("runs_by_state", "state", "ready_at"),
    sa.Index("runs_by_skill", "skill", "seq"),
    sa.Index("runs_by_skill_and_state", "skill", "state", "seq"),
    sa.Index("runs_by_creation", "created_at"),
    _of_some("runs_by_deadline", "deadline_at IS NOT NULL AND ended_at IS NULL", "deadline_at"),
    _of_some("runs_by_parent", "parent IS NOT NULL", "parent"),
    _of_some("runs_by_session", "session IS NOT NULL", "session"),
)
_of_some(  # as they start; with all that it takes to pass over those without room
    "runs_that_are_ready",
    READY,
    runs.c.state,
    runs.c.priority.desc(),
    runs.c.seq,
    *(runs.c[name] for name in ("ready_at", "handed_over", "admitted", "skill", "concurrency_key", "concurrency")),
)
_of_some("runs_that_hold_room", HOLDS_ROOM, runs.c.skill, runs.c.concurrency_key)
_of_some("runs_by_key", HAS_KEY, runs.c.skill, runs.c.concurrency_key, runs.c.seq)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    sa.Column("host", Text),  # of many, the one that conducted it
    sa.Column("pid", sa.Integer),
    sa.Column("tier", Text),  # how far its process was locked in
    _time("started_at", nullable=False),
    _time("ended_at"),
)

steps = sa.Table(
    "steps",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("occurrence", sa.Integer, primary_key=True),
    sa.Column("seq", sa.Integer, nullable=False),  # the order in which the run came to them
    sa.Column("kind", Text, nullable=False),
    sa.Column("state", Text, nullable=False),  # running, retrying, waiting, succeeded, failed
    sa.Column("arguments_hash", sa.String(64), nullable=False),
    _json("arguments"),
    _json("intent"),  # what a command is about to do, on disk before it does it
    _json("result"),
    _json("error"),
    sa.Column("tries", sa.Integer, nullable=False, default=0),  # bodies started
    sa.Column("failures", sa.Integer, nullable=False, default=0),  # bodies that failed by themselves
    sa.Column("child", Text),
    _time("wake_at"),
    _time("started_at", nullable=False),
    _time("ended_at"),
    _of_some("steps_that_wait", WAITING, "name"),
    sqlite_with_rowid=False,  # in its key's order: a step writes one page, and not its key's too
)

step_attempts = sa.Table(
    "step_attempts",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("occurrence", sa.Integer, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("outcome", Text, nullable=False),
    _json("error"),
    _time("started_at", nullable=False),
    _time("ended_at"),
    sqlite_with_rowid=False,
)

effects = sa.Table(
    "effects",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("step", Text, primary_key=True),
    sa.Column("occurrence", sa.Integer, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True),
    sa.Column("kind", Text, nullable=False),
    sa.Column("request", sa.String(64), nullable=False, index=True),  # blob
    sa.Column("reply", sa.String(64), index=True),  # blob
    _json("error"),
    sa.Column("model", Text),
    sa.Column("input_tokens", sa.Integer),
    sa.Column("output_tokens", sa.Integer),
    sa.Column("cost_usd", sa.Float(precision=53)),
    sa.Column("stubbed", sa.Boolean, nullable=False, default=False),
    _time("started_at", nullable=False),
    _time("ended_at", nullable=False),
)

logs = sa.Table(
    "logs",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("step", Text, primary_key=True),  # "" for the body
    sa.Column("attempt", sa.Integer, primary_key=True),  # of the step; 0 for the body; of the run for what is printed
    sa.Column("seq", sa.Integer, primary_key=True),
    _time("at", nullable=False),
    sa.Column("level", Text, nullable=False),
    sa.Column("message", Text, nullable=False),
    _json("fields"),
)

state = sa.Table(
    "state",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("revision", sa.Integer, nullable=False),
    _json("value"),
    sa.Column("run", Text, nullable=False),
    _time("updated_at", nullable=False),
)

secret_grants = sa.Table(  # which skill may send which secret to which host
    "secret_grants",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("secret", Text, primary_key=True),
    sa.Column("host", Text, primary_key=True),
    sa.Column("by", Text, nullable=False),
    _time("at", nullable=False),
)

# ---------------------------------------------------------------- hosts, where there are many

hosts = sa.Table(
    "hosts",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("name", Text, nullable=False),
    _json("workers"),  # as whom it fetches from the queues
    _time("started_at", nullable=False),
    _time("seen_at", nullable=False),
)

leadership = sa.Table(  # one row: who watches the workspace and keeps the schedules
    "leadership",
    metadata,
    sa.Column("only", sa.Integer, primary_key=True, autoincrement=False),  # 1
    sa.Column("host", Text),
    _time("until", nullable=False),
    sa.Column("files_of", Text),  # the host whose files count; another that leads takes them from the store first
)

# ---------------------------------------------------------------- people

approvals = sa.Table(
    "approvals",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("kind", Text, nullable=False),  # approval, question, unknown; of no run: version, budget
    sa.Column("run", Text, index=True),
    sa.Column("step", Text),  # of the run, that waits for the answer
    sa.Column("occurrence", sa.Integer),
    sa.Column("skill", Text, nullable=False),
    sa.Column("question", Text, nullable=False),
    _json("call"),  # what a yes lets happen: the irreversible step, with its arguments and the version
    sa.Column("target", Text),  # what that can reach
    sa.Column("reason", Text),  # why a person is asked
    sa.Column("hash", sa.String(64), nullable=False, server_default=""),  # over all that a yes is bound to
    _json("choices"),
    sa.Column("state", Text, nullable=False),  # open, approved, denied, answered, expired, void
    sa.Column("answer", Text),
    sa.Column("answer_reason", Text),
    sa.Column("answered_by", Text),
    sa.Column("answered_via", Text),  # the surface
    sa.Column("grant_used", Text, index=True),  # the standing approval that said yes
    _time("asked_at", nullable=False),
    _time("expires_at"),
    sa.Column("on_expiry", Text, nullable=False, server_default="no"),  # no, fail
    _time("answered_at"),
    sa.Index("approvals_by_state", "state", "expires_at"),
)

approval_grants = sa.Table(  # standing approvals
    "approval_grants",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("skill", Text, nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("step", Text, nullable=False),
    _json("arguments"),  # those that have to be just so; any will do for the others
    sa.Column("reason", Text, nullable=False),
    sa.Column("granted_by", Text, nullable=False),
    _time("granted_at", nullable=False),
    _time("expires_at", nullable=False),
    sa.Column("revoked_by", Text),
    _time("revoked_at"),
    sa.Index("approval_grants_by_step", "skill", "step"),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("run", Text, nullable=False, index=True),
    sa.Column("skill", Text, nullable=False),
    sa.Column("target", Text, nullable=False),
    sa.Column("text", Text, nullable=False),
    _time("at", nullable=False),
    sa.Column("kind", Text, nullable=False, server_default="said"),  # by a skill; else what it alerts to
)

targets = sa.Table(  # of the settings, as the host that leads has them: every host's notices go there
    "targets",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("kind", Text, nullable=False),
    sa.Column("channel", Text),
    sa.Column("digest", sa.Float(precision=53), nullable=False),  # seconds
    sa.Column("cool_down", sa.Float(precision=53), nullable=False),  # seconds
    sa.Column("alerts", sa.Boolean, nullable=False),
)

outbox = sa.Table(  # a notice on its way to one target
    "outbox",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("id", Text, nullable=False, unique=True),
    sa.Column("notice", Text, nullable=False, index=True),
    sa.Column("target", Text, nullable=False),
    sa.Column("channel", Text),  # in place of the target's own
    sa.Column("state", Text, nullable=False),  # waiting, sent, ambiguous, failed, counted, dropped
    sa.Column("message", Text, index=True),  # under which id it was sent, or is: that of the first of a digest
    sa.Column("sameness", sa.String(64), nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, default=0),
    sa.Column("reason", Text),
    sa.Column("remote", Text),  # what the target calls the message
    _time("created_at", nullable=False),
    _time("due_at", nullable=False),
    _time("begun_at"),  # it may be there: sent, and no answer is on record yet
    _time("ended_at"),
    sa.Index("outbox_by_target", "target", "state", "seq"),
    sa.Index("outbox_by_sameness", "sameness", "target", "created_at"),
)

expected = sa.Table(  # what the active versions declare of themselves, looked at while nothing happens
    "expected",
    metadata,
    sa.Column("skill", Text, primary_key=True),
    sa.Column("kind", Text, primary_key=True),  # silent, late
    sa.Column("at_most", sa.Float(precision=53), nullable=False),  # seconds
    _time("since", nullable=False),
)

alerts = sa.Table(  # what people were told of, and is not well again
    "alerts",
    metadata,
    sa.Column("subject", Text, primary_key=True),  # a skill, or a target
    sa.Column("kind", Text, primary_key=True),  # silent, late, undelivered
    _time("since", nullable=False),
)

transcript = sa.Table(
    "transcript",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("session", Text, nullable=False, index=True),
    sa.Column("run", Text),
    _json("message"),  # in the shape of the Messages API
    _time("at", nullable=False),
)

summaries = sa.Table(
    "summaries",
    metadata,
    sa.Column("session", Text, primary_key=True),
    sa.Column("until", sa.Integer, nullable=False),  # how many of the session's messages the summary stands for
    sa.Column("text", Text, nullable=False),
)

# ---------------------------------------------------------------- money

caps = sa.Table(  # that a person has set; all others are in the settings
    "caps",
    metadata,
    sa.Column("scope", Text, primary_key=True),  # run, skill (for each day), day, month
    sa.Column("subject", Text, primary_key=True),  # the run that nothing called, the skill; "" for all together
    sa.Column("what", Text, primary_key=True),  # usd, model_calls, http_calls, notices
    sa.Column("amount", sa.BigInteger, nullable=False),  # of usd: millionths, so that sums are exact
    sa.Column("who", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
    _time("at", nullable=False),
)

spending = sa.Table(  # what counts against the caps: settled, or else as reserved
    "spending",
    metadata,
    sa.Column("scope", Text, primary_key=True),
    sa.Column("subject", Text, primary_key=True),
    sa.Column("period", Text, primary_key=True),  # 2026-11-26, 2026-11; "" for a run
    sa.Column("what", Text, primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("warned", sa.Boolean, nullable=False, default=False),
)

reservations = sa.Table(  # one for each try of a model call
    "reservations",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("run", Text, nullable=False, index=True),
    sa.Column("root", Text, nullable=False),  # the run above it that nothing called
    sa.Column("skill", Text, nullable=False),
    sa.Column("step", Text, nullable=False),
    sa.Column("occurrence", sa.Integer, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),  # of the run
    sa.Column("day", Text, nullable=False),  # in the workspace's zone
    sa.Column("state", Text, nullable=False),  # reserved, settled, released; kept: it may have been billed
    sa.Column("reserved", sa.BigInteger, nullable=False),  # millionths of a USD
    sa.Column("cost", sa.BigInteger),  # likewise; once it is settled
    sa.Column("priced", sa.Boolean, nullable=False, default=True),  # false: by the fallback price
    _time("at", nullable=False),
    sa.Index("reservations_by_state", "state"),
)

budget_waits = sa.Table(  # steps that wait until a cap has room for them
    "budget_waits",
    metadata,
    sa.Column("run", Text, primary_key=True),
    sa.Column("step", Text, primary_key=True),
    sa.Column("occurrence", sa.Integer, primary_key=True),
    sa.Column("root", Text, nullable=False),
    sa.Column("skill", Text, nullable=False),
    sa.Column("scope", Text, nullable=False),  # of the cap that was reached
    sa.Column("what", Text, nullable=False),
    _json("wanted"),  # all that the step needs room for
    sa.Column("told", Text, nullable=False),  # how it stood when the step began to wait
    sa.Column("command", Text, nullable=False),  # what lets it go on
    _time("since", nullable=False),
    _time("expires_at", nullable=False),
)

# ---------------------------------------------------------------- review

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("run", Text, primary_key=True),
    _time("at", nullable=False),
    _time("since", nullable=False),
    _time("until", nullable=False),
    sa.Column("summary", Text, nullable=False),
    _json("findings"),
)

proposals = sa.Table(
    "proposals",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("skill", Text, nullable=False),
    sa.Column("state", Text, nullable=False),  # open, accepted, dismissed, superseded
    sa.Column("review", Text),
    _json("finding"),
    sa.Column("base", sa.String(64), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("reason", Text, nullable=False),
    _time("created_at", nullable=False),
    _time("decided_at"),
    sa.Column("decided_by", Text),
    sa.Column("decision_reason", Text),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    _time("at", nullable=False),
    sa.Column("who", Text, nullable=False),
    sa.Column("what", Text, nullable=False),
    sa.Column("subject", Text, nullable=False),
    sa.Column("why", Text, nullable=False),
    sa.Column("skill", Text, index=True),  # that it is about, if it is about one
)
