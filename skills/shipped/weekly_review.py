"""Once a week, look at what the skills did, and ask the agent to revise those that misfire."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from skills import Run, Skill, StepFailed, cron, skill
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


class Finding(Record):
    """A misfiring skill; the evidence cites runs."""

    skill: str
    kind: str
    summary: str
    evidence: list[str]
    runs: list[str]


class Candidate(Finding):
    """What the run history shows about one skill."""

    version: str | None


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


class Revise(Record):
    """What the agent is to answer with a revision: all that was found about one skill."""

    skill: str
    base: str | None
    finding: Finding


class Message(Record):
    session: str
    text: str
    revise: Revise


class Reply(Record):
    ended: str


class Reviewed(Record):
    review: str
    findings: int
    revised: int  # the agent has answered; whether it proposed a change stands in the review
    failed: int
    live: list[str]  # where revisions may go live without being asked about


# It lives in the harness, which this package does not know.
agent = Skill.named("agent", takes=Message, returns=Reply)


@skill(on=cron("0 10 * * 5"))
def weekly_review(run: Run) -> Reviewed:
    trusted = Trusted.of(run)
    evidence = Evidence.model_validate(trusted.command("review.evidence"))
    judgement = _judge(trusted, evidence)
    messages = _messages(run, evidence.candidates, judgement.findings)
    findings = [message.revise.finding for message in messages]
    looked_at = {"since": evidence.since, "until": evidence.until}
    review: str = trusted.command("review.record", summary=judgement.summary, findings=findings, **looked_at)["review"]
    answered = [_revise(run, message) for message in _of_the_workspace(trusted, messages)]
    live: list[str] = trusted.command("review.settle") if answered else []
    if not findings:
        run.nothing_to_report("nothing misfired")
    return Reviewed(
        review=review, findings=len(findings), revised=answered.count(True), failed=answered.count(False), live=live
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


def _messages(run: Run, candidates: Sequence[Candidate], findings: Iterable[Chosen]) -> list[Message]:
    """One for each skill, in the order in which they were chosen."""
    messages: dict[str, Message] = {}
    for number, chosen in {chosen.candidate: chosen for chosen in findings}.items():
        message = _message(run, candidates[number], chosen)
        before = messages.get(message.revise.skill)
        messages[message.revise.skill] = _joined(before, message) if before else message
    return list(messages.values())


def _message(run: Run, candidate: Candidate, chosen: Chosen) -> Message:
    finding = Finding(
        skill=candidate.skill,
        kind=candidate.kind,
        summary=f"{candidate.summary} {chosen.why}".strip(),
        evidence=candidate.evidence,
        runs=candidate.runs,
    )
    return Message(
        session=f"review-{run.id}-{candidate.skill}",
        text=chosen.ask,
        revise=Revise(skill=candidate.skill, base=candidate.version, finding=finding),
    )


def _joined(first: Message, second: Message) -> Message:
    one, other = first.revise.finding, second.revise.finding
    finding = Finding(
        skill=one.skill,
        kind=f"{one.kind}, {other.kind}",
        summary=f"{one.summary}\n{other.summary}",
        evidence=one.evidence + other.evidence,
        runs=list(dict.fromkeys(one.runs + other.runs)),
    )
    revise = first.revise.model_copy(update={"finding": finding})
    return Message(session=first.session, text=f"{first.text}\n{second.text}", revise=revise)


def _of_the_workspace(run: Trusted, messages: Sequence[Message]) -> list[Message]:
    """Those about skills that the agent may write: skills that ship with Tend are only reported."""
    if not messages:
        return []
    ours = {known["name"] for known in run.command("skills.list") if known["origin"] == "workspace"}
    return [message for message in messages if message.revise.skill in ours]


def _revise(run: Run, message: Message) -> bool:
    """Have the agent write a revision, and say whether it got to an answer; if not, the others still get theirs."""
    name = message.revise.skill
    try:
        reply = run.invoke(agent, message)
    except StepFailed as error:
        run.log("the revision failed", level="error", skill=name, error=error.message)
        return False
    run.log("the agent has answered", skill=name, ended=reply.ended)
    return reply.ended == "answered"
