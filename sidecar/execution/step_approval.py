"""What a yes to an irreversible step is bound to: the same when it is asked for and when the step begins."""

from __future__ import annotations

from pydantic import JsonValue

from sidecar.approvals import NewApproval
from sidecar.checker.manifest import Manifest
from sidecar.execution.asked import Circumstances
from skills.wire import StepKey


def approval_of_step(question: str, step: StepKey, arguments: JsonValue, where: Circumstances) -> NewApproval:
    return NewApproval(
        "approval",
        where.skill,
        question,
        run=where.segment.run,
        step=StepKey(name=f"approve:{step.name}", occurrence=step.occurrence),
        call={"step": step.name, "arguments": arguments, "version": where.version},
        target=_reach(where.manifest),
        reason=f"{step.name} is irreversible: what it does can't be undone",
    )


def _reach(manifest: Manifest) -> str:
    """What the version that runs can act upon."""
    return ", ".join([*manifest.hosts, *(f"file {path}" for path in manifest.writes)]) or "nothing outside Tend"
