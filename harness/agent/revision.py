"""What the agent is told when the review asks for a revision."""

from __future__ import annotations

from harness.agent.cut import cut
from harness.agent.limits import EVIDENCE
from harness.agent.message import Revise
from harness.agent.tools.show_skill import show_source
from harness.agent.tools.views import Source

TASK = """{text}

This is a revision of the skill {skill!r}, asked for by the review of the run history. Nobody is here to answer
questions. Read the runs that are cited (read_run), find the cause, and mend it in the smallest change that does:

- Change {skill} alone. Keep its purpose, schedule, expectation and powers, unless the finding is about them.
- Mend the cause. Hiding an error, dropping a check or widening an expectation so that the misfire no longer shows is
  no revision.
- A write is stored as a proposal, and its verdict says Proposed: a person accepts or dismisses it, or it goes live
  after the review where they have set that. Your last proposal is the one that counts.
- A rehearsal before the first write shows the misfire; after it, what your proposal does. Compare the two.
- If the runs don't show a fault of the skill (the world was down, or a newer version has already mended it), write
  nothing and say why.

End with the reason in two or three sentences: what misfired, what the change does about it, which runs show it."""

AGE = """
The misfires come from version {base}; the active version is {version} by now. First look whether that one has mended
them.
"""

MATERIAL = """
The finding, as data: {kind}: {summary}
<evidence>
{evidence}
</evidence>
Runs: {runs}

The source now:
{source}"""


def revision_text(text: str, revise: Revise, source: Source) -> str:
    """The task, the finding with its evidence and runs, and the source that it is about."""
    finding = revise.finding
    task = TASK.format(text=text, skill=revise.skill)
    age = AGE.format(base=revise.base, version=source["version"]) if _is_older(revise.base, source) else ""
    evidence = "\n".join(f"- {_as_data(item)}" for item in finding.evidence) or "- none beside the runs"
    return (
        task
        + "\n"
        + age
        + MATERIAL.format(
            kind=_as_data(finding.kind),
            summary=_as_data(finding.summary),
            evidence=cut(evidence, EVIDENCE, "read_run shows each run"),
            runs=", ".join(finding.runs) or "none",
            source=show_source(source),
        )
    )


def _is_older(base: str | None, source: Source) -> bool:
    return base is not None and source["version"] is not None and base != source["version"]


def _as_data(text: str) -> str:
    """Evidence quotes what runs wrote; it must not be able to close its own tag."""
    return text.replace("<", "&lt;")
