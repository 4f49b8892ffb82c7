"""The views that the tests show: one skill, its runs, what waits and what is proposed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sidecar.checker.manifest import Cron, Expectation, Irreversible, Manifest, StepDeclaration
from sidecar.client import views

NOW = datetime.now(UTC)
RUN = "a1b2c3d4e5f60718"
VERSION = "5f3c0a" + "9" * 58
EARLIER = "77aa00" + "1" * 58


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


MANIFEST = Manifest(
    name="price_report",
    purpose="Tell the prices every Monday.",
    takes_input=False,
    triggers=(Cron(expression="0 9 * * 1"),),
    hosts=("prices.example.com",),
    reads=("prices/*.csv",),
    uses_model=True,
    expect=Expectation(within=300, messages_at_most=3),
    steps=(StepDeclaration(name="fetch", line=9),),
)

CARD = views.Card(
    may=("reaches prices.example.com", "reads prices/*.csv"),
    hosts=MANIFEST.hosts,
    reads=MANIFEST.reads,
    writes=(),
    irreversible=(Irreversible(step="pay", asks=("Pay {price}?",)),),
    schedule="At 09:00, only on Monday",
    runs_a_day=1 / 7,
    model_calls=1,
    cost=views.ModelCost(run_usd=0.0021, month_usd=None, basis="its last 12 runs"),
    wider=("reaches prices.example.com",),
    narrower=("writes prices/**",),
)

PROBLEM = views.Problem(
    stage="types",
    file="skills/price_report.py",
    line=12,
    column=16,
    reason='Incompatible return value type (got "str", expected "int")',
    fix="Return the number: return int(text)",
    source="        return text\n",
)
REFUSED = views.Report(skill="price_report", hash="ee" * 32, problems=(PROBLEM,), seconds=0.08)
PASSED = views.Report(skill="price_report", hash=VERSION, manifest=MANIFEST, seconds=0.05)


def run(**changed: object) -> views.Run:
    return views.Run.model_validate(
        {
            "id": RUN,
            "skill": "price_report",
            "version": VERSION,
            "state": "succeeded",
            "trigger": "cron 0 9 * * 1",
            "created_at": ago(minutes=4),
            "started_at": ago(minutes=4),
            "ended_at": ago(minutes=4, seconds=-10),
            "attempts": 1,
            "cost_usd": 0.0021,
        }
        | changed
    )


def skill(**changed: object) -> views.Skill:
    return views.Skill.model_validate(
        {
            "name": "price_report",
            "purpose": "Tell the prices every Monday.",
            "origin": "workspace",
            "version": VERSION,
            "schedule": "At 09:00, only on Monday",
            "next_at": NOW + timedelta(hours=2, seconds=30),
            "paused": False,
            "last_run": run(),
        }
        | changed
    )


VERSIONS = [
    views.Version(
        hash=VERSION,
        skill="price_report",
        state="active",
        author="agent",
        reason="asked in the chat",
        base=EARLIER,
        created_at=ago(days=1),
        activated_at=ago(days=1),
        card=CARD,
    ),
    views.Version(
        hash=EARLIER,
        skill="price_report",
        state="retired",
        author="person",
        reason="saved in the workspace",
        base=None,
        created_at=ago(days=2),
    ),
]


def skill_detail(**changed: object) -> views.SkillDetail:
    return views.SkillDetail.model_validate(
        {
            "skill": skill(),
            "manifest": MANIFEST,
            "path": "skills/price_report.py",
            "report": PASSED,
            "next_times": [NOW + timedelta(days=7 * week) for week in (1, 2, 3)],
            "versions": VERSIONS,
            "card": CARD,
        }
        | changed
    )


ERROR = views.Error(type="HTTPStatus", message="503 from prices.example.com", traceback="line 9, in fetch")


def run_detail(**changed: object) -> views.RunDetail:
    tries = (
        views.StepAttempt(
            number=1,
            started_at=ago(minutes=4),
            ended_at=ago(minutes=4, seconds=-1),
            outcome="failed",
            error=ERROR,
        ),
        views.StepAttempt(
            number=2, started_at=ago(minutes=4, seconds=-2), ended_at=ago(minutes=4, seconds=-4), outcome="succeeded"
        ),
    )
    steps = (
        views.Step(
            name="fetch",
            occurrence=0,
            kind="step",
            state="succeeded",
            arguments=["api"],
            result={"prices": [1, 2, 3]},
            started_at=ago(minutes=4),
            ended_at=ago(minutes=4, seconds=-4),
            attempts=tries,
        ),
        views.Step(
            name="publish",
            occurrence=1,
            kind="invoke",
            state="succeeded",
            arguments=[],
            started_at=ago(minutes=4, seconds=-5),
            ended_at=ago(minutes=4, seconds=-10),
            child="c0ffee00c0ffee00",
        ),
    )
    call = views.Call(
        at=ago(minutes=4, seconds=-2),
        step="fetch",
        attempt=2,
        kind="http",
        summary="GET https://prices.example.com/today → 200",
        request={},
        reply={},
        seconds=0.2,
    )
    log = views.LogLine(
        at=ago(minutes=4, seconds=-3), level="warning", step="fetch", message="slow", fields={"ms": 900}
    )
    return views.RunDetail.model_validate(
        {
            "run": run(),
            "input": {"city": "Oslo"},
            "output": "3 prices",
            "nothing_to_report": None,
            "steps": steps,
            "attempts": (),
            "logs": (log,),
            "calls": (call,),
            "children": (run(id="c0ffee00c0ffee00", skill="publish", parent=RUN),),
        }
        | changed
    )


def approval(**changed: object) -> views.Approval:
    return views.Approval.model_validate(
        {
            "id": "ab12cd34ef56ab12",
            "kind": "approval",
            "run": RUN,
            "skill": "price_report",
            "question": "Send the report to 40 people? " + "It is long, and all of it is shown. " * 8 + "The end.",
            "asked_at": ago(minutes=3),
            "expires_at": NOW + timedelta(hours=5),
            "state": "open",
        }
        | changed
    )


def answered(**changed: object) -> views.Answered:
    """An answer that counted."""
    return views.Answered(outcome="counted", said="", approval=approval(state="approved", answer="yes", **changed))


def grant(**changed: object) -> views.Grant:
    return views.Grant.model_validate(
        {
            "id": "9a12cd34ef56ab12",
            "skill": "price_report",
            "version": VERSION,
            "step": "send",
            "arguments": {"to": "everybody, and " * 12 + "the last one"},
            "reason": "it is weekly",
            "state": "active",
            "by": "person",
            "granted_at": ago(minutes=3),
            "expires_at": NOW + timedelta(days=30),
            "uses": 2,
            "used_at": ago(minutes=1),
        }
        | changed
    )


RULES = views.Rules(
    needs=(
        views.Rule(what="irreversible", need="ask", set=False),
        views.Rule(what="http.delete", need="always", set=True),
    ),
    approvers={"*": ("person", "ada")},
)

FINDING = views.Finding(
    skill="price_report",
    kind="failures",
    summary="3 of 5 runs failed with 503.",
    evidence=("503 from prices.example.com", "2 of 5 the week before"),
    runs=(RUN,),
)
DIFF = "--- skills/price_report.py\n+++ skills/price_report.py\n@@ -9 +9 @@\n-@step()\n+@step(attempts=5)\n"
PROPOSAL = views.Proposal(
    id="d00d1234d00d1234",
    skill="price_report",
    state="open",
    finding=FINDING,
    base=VERSION,
    version="beef" * 16,
    reason="Try the fetch again before giving up.",
    diff=DIFF,
    created_at=ago(hours=1),
)
REVIEW = views.Review(
    run=RUN,
    at=ago(hours=1),
    since=ago(days=7),
    until=ago(hours=1),
    summary="One skill misfires: the prices' server is flaky on Mondays.",
    findings=(FINDING,),
    proposals=(PROPOSAL,),
)


def verdict(**changed: object) -> views.Verdict:
    return views.Verdict.model_validate(
        {
            "report": PASSED,
            "live": True,
            "version": VERSION,
            "diff": DIFF,
            "next_times": [NOW + timedelta(days=1)],
            "schedule": "At 09:00, only on Monday",
        }
        | changed
    )


NOTICE = views.Notice(
    id="n1",
    at=ago(minutes=1),
    skill="price_report",
    run=RUN,
    target="#prices",
    text="Bread is up by 3 %.",
    postings=(
        views.Posting(id="5e27a1c0ffee1234", target="ops", state="sent", tries=1, ended_at=ago(seconds=58)),
        views.Posting(id="a3b19c0ffee12345", target="pager", state="ambiguous", tries=1, reason="no answer came"),
        views.Posting(
            id="77a19c0ffee12345", target="me", state="waiting", tries=2, reason="away", due_at=ago(minutes=-2)
        ),
    ),
)


EVENT = views.Event(
    id="e-1",
    name="order.paid",
    payload={"order": "A7", "cents": 990},
    source="person",
    depth=0,
    at=ago(minutes=2),
    deliveries=(
        views.Delivery(skill="price_report", outcome="started", run=RUN),
        views.Delivery(skill="tidy_up", outcome="paused", reason="the skill is paused"),
    ),
)


STOP = views.Stop(skill=None, since=ago(minutes=5), by="ada", reason="the bill is strange")
HALT = views.Halt(stop=STOP, runs=(run(state="queued", reason="stopped"),), in_doubt=(RUN,))
DECISION = views.Decision(
    at=ago(minutes=5),
    who="ada",
    what="activate",
    subject=f"price_report {VERSION}",
    why="as asked",
    skill="price_report",
)


def status(**changed: object) -> views.Status:
    return views.Status.model_validate(
        {
            "version": "0.1.0",
            "pid": 4242,
            "workspace": "/somewhere/workspace",
            "zone": "UTC",
            "started_at": ago(hours=1),
            "skills": 2,
            "paused": 1,
            "broken": 1,
            "running": [],
            "waiting": [run(state="waiting", ended_at=None)],
            "failed_today": 1,
            "next_up": [skill()],
            "approvals": [approval()],
            "proposals": [PROPOSAL],
            "model": "claude-opus-5-5",
            "model_missing": None,
            "spent_today": views.Spent(used=0.12, cap=40),
            "waiting_for_budget": 1,
        }
        | changed
    )


COST = views.Cost(
    since=date(2026, 11, 1),
    day=views.Spent(used=0.42, cap=0.5),
    month=views.Spent(used=12.5, cap=300),
    month_at_this_rate_usd=15.2,
    under_way_usd=0.12,
    unsettled_usd=0.04,
    unpriced_usd=1.5,
    days=(),
    skills=(
        views.SkillCost(
            skill="agent",
            usd=11.2,
            model_calls=1_204,
            http_calls=0,
            notices=0,
            runs=31,
            median_run_usd=0.31,
            today=views.Spent(used=0.02, cap=20),
        ),
        views.SkillCost(
            skill="price_report",
            usd=1.3,
            model_calls=0,
            http_calls=12_000,
            notices=4,
            runs=0,
            median_run_usd=None,
            today=views.Spent(used=20, cap=20),
        ),
    ),
    waiting=(
        views.BudgetWait(
            run=RUN,
            skill="price_report",
            told="price_report on 2026-11-26 has used $0.48 of its $0.50, and the next call may cost $0.0402",
            command="tend cost cap price_report 1",
            since=ago(minutes=5),
            expires_at=NOW + timedelta(hours=23),
        ),
    ),
)
CAPS = [
    views.Cap(scope="run", subject="", what="usd", amount=10),
    views.Cap(scope="skill", subject="", what="http_calls", amount=100_000),
    views.Cap(scope="day", subject="", what="usd", amount=40),
    views.Cap(scope="run", subject=RUN, what="usd", amount=2, who="ada", why="the year's report", at=ago(hours=1)),
]


def slot(outcome: str, reason: str | None = None, **run_or_not: object) -> views.Slot:
    return views.Slot.model_validate({"due_at": ago(hours=1), "outcome": outcome, "reason": reason} | run_or_not)


def heard(identity: str, outcome: str, reason: str | None = None, **run_or_not: object) -> views.Heard:
    said = {"name": "order.paid", "id": identity, "at": ago(hours=1), "outcome": outcome, "reason": reason}
    return views.Heard.model_validate(said | run_or_not)


WHY = views.Why(
    skill=skill(paused=True),
    obstacles=(
        views.Obstacle(
            kind="paused",
            told="Person paused it: holidays.",
            since=ago(hours=2),
            fix="tend skills resume price_report",
        ),
    ),
    schedules=(
        views.ScheduleHistory(
            schedule="at 09:00, only on Monday (Europe/Oslo)",
            declared=True,
            next_times=(NOW + timedelta(days=2, seconds=30), NOW + timedelta(days=9)),
            slots=(
                slot("paused", "the skill is paused", run=None),
                slot("merged", f"run {RUN} has yet to start", run=run(state="queued")),
                slot("late", "4000 s after its time", run=run(state="failed", error=ERROR)),
                slot("fired", run=run()),
                slot("fired", run=None),
            ),
        ),
        views.ScheduleHistory(schedule="every 60 s", declared=False, slots=()),
    ),
    events=(
        heard("order-2", "limited", "1 within 1:00:00 is its rate limit", run=None),
        heard("order-1", "started", run=run()),
    ),
)

SECRET = views.Secret(
    name="SHOP_TOKEN",
    is_set=True,
    used_by=("price_report", "refund"),
    grants=(views.SecretGrant(skill="price_report", host="prices.example.com", by="person", at=ago(days=1)),),
)

BACKUP = views.Backup(path="/backups/tend.backup", size=2_048_000, files=12, skipped=("lib/link.py",))
RESTORED = views.Restored(
    made_at=ago(days=1),
    made_of="/home/ada/tend",
    files=12,
    skills=3,
    unfinished=2,
    aside="/home/ada/tend/.tend/before-20261121",
    secrets=("SHOP_TOKEN",),
)
