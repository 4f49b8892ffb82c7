"""Once a week, look at what the skills did, and ask the agent to revise those that misfire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from skills import Run, StepFailed, cron, skill
from skills.trusted import Trusted

QUESTION = """These are the week's runs of a person's skills, and the candidates for a revision that their history
shows, numbered. Choose the candidates that are real misfires of the skill: it did the wrong thing, and a change of its
source can mend it. Leave out what came from outside and passed (a server that was down for a night), what the skill was
meant to do, and what one run alone can't show. None is a good answer too.

summary: two or three plain sentences for the person: how the week was, what misfires.
findings: for each candidate that you choose its number, why it is a misfire, and what to ask for, in a sentence each.
Cite only runs that stand in the candidate."""

UNJUDGED = "No model has judged these findings: they are what the run history shows by itself."


class Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Candidate(Record):
    """What the run history shows about one skill."""

    skill: str
    version: str | None
    kind: str
    summary: str
    evidence: list[str]
    runs: list[str]


class Evidence(Record):
    """The answer to `review.evidence`."""

    since: datetime
    until: datetime
    digest: str
    candidates: list[Candidate]


class Chosen(Record):
    candidate: int
    why: str
    ask: str


class Judgement(Record):
    summary: str
    findings: list[Chosen]


class Case(Record):
    """All findings about one skill: they are answered by one revision."""

    finding: Candidate
    ask: str


class Reviewed(Record):
    review: str
    findings: int
    revised: int  # the agent has answered; whether it proposed a change stands in the review
    failed: int


@skill(on=cron("0 10 * * 5"))
def weekly_review(run: Run) -> Reviewed:
    trusted = Trusted.of(run)
    evidence = Evidence.model_validate(trusted.command("review.evidence"))
    judgement = _judge(trusted, evidence)
    cases = _cases(evidence.candidates, judgement.findings)
    findings = [case.finding.model_dump(exclude={"version"}) for case in cases]
    review: str = trusted.command("review.record", summary=judgement.summary, findings=findings)["review"]
    answered = [_revise(trusted, case) for case in _of_the_workspace(trusted, cases)]
    if not cases:
        run.nothing_to_report("nothing misfired")
    return Reviewed(
        review=review, findings=len(cases), revised=answered.count(True), failed=answered.count(False)
    )


def _judge(run: Trusted, evidence: Evidence) -> Judgement:
    """Which candidates are misfires. It can choose among them, and add none."""
    if not evidence.candidates:
        return Judgement(summary="A calm week: nothing misfired.", findings=[])
    numbered = {str(number): candidate.model_dump() for number, candidate in enumerate(evidence.candidates)}
    judgement = run.judge(
        QUESTION,
        evidence.digest,
        numbered,
        returns=Judgement,
        fallback=lambda: _unjudged(evidence.candidates),
    )
    known = [chosen for chosen in judgement.findings if 0 <= chosen.candidate < len(evidence.candidates)]
    if len(known) < len(judgement.findings):
        run.log("the model chose candidates that there are not; they were left out", level="warning")
    return judgement.model_copy(update={"findings": known})


def _unjudged(candidates: Sequence[Candidate]) -> Judgement:
    findings = [
        Chosen(candidate=number, why="", ask=f"Mend this, if it is a fault of the skill: {candidate.summary}")
        for number, candidate in enumerate(candidates)
    ]
    return Judgement(summary=UNJUDGED, findings=findings)


def _cases(candidates: Sequence[Candidate], findings: Iterable[Chosen]) -> list[Case]:
    """One for each skill, in the order in which they were chosen."""
    cases: dict[str, Case] = {}
    for number, chosen in {chosen.candidate: chosen for chosen in findings}.items():
        candidate = candidates[number]
        summary = f"{candidate.summary} {chosen.why}".strip()
        case = Case(finding=candidate.model_copy(update={"summary": summary}), ask=chosen.ask)
        before = cases.get(candidate.skill)
        cases[candidate.skill] = _joined(before, case) if before else case
    return list(cases.values())


def _joined(first: Case, second: Case) -> Case:
    one, other = first.finding, second.finding
    finding = one.model_copy(
        update={
            "kind": f"{one.kind}, {other.kind}",
            "summary": f"{one.summary}\n{other.summary}",
            "evidence": one.evidence + other.evidence,
            "runs": list(dict.fromkeys(one.runs + other.runs)),
        }
    )
    return Case(finding=finding, ask=f"{first.ask}\n{second.ask}")


def _of_the_workspace(run: Trusted, cases: Sequence[Case]) -> list[Case]:
    """Those that the agent may write: skills that ship with Tend are only reported."""
    if not cases:
        return []
    ours = {known["name"] for known in run.command("skills.list") if known["origin"] == "workspace"}
    return [case for case in cases if case.finding.skill in ours]


def _revise(run: Trusted, case: Case) -> bool:
    """Have the agent write a revision, and say whether it got to an answer; if not, the others still get theirs."""
    name = case.finding.skill
    finding = case.finding.model_dump(exclude={"version"})
    message = {
        "session": f"review-{run.id}-{name}",
        "text": case.ask,
        "revise": {"skill": name, "base": case.finding.version, "finding": finding},
    }
    try:
        reply = run.invoke_named("agent", message)
    except StepFailed as error:
        run.log("the revision failed", level="error", skill=name, error=error.message)
        return False
    ended = reply["ended"] if isinstance(reply, dict) else None
    run.log("the agent has answered", skill=name, ended=ended)
    return ended == "answered"
