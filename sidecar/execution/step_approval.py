"""What a yes to an irreversible step is bound to, the same when it is asked for and when it begins; who gave it."""

from __future__ import annotations

import sqlalchemy as sa
from pydantic import JsonValue

from sidecar.approvals import NewApproval
from sidecar.checker.manifest import Manifest
from sidecar.execution.asked import Circumstances
from sidecar.store.schema import approvals, steps
from skills.wire import StepKey


def approval_of_step(question: str, step: StepKey, arguments: JsonValue, where: Circumstances) -> NewApproval:
    does = next((each.does for each in where.manifest.irreversible if each.step == step.name), None)
    kind: dict[str, JsonValue] = {"does": does} if does else {}
    return NewApproval(
        "approval",
        where.skill,
        question,
        run=where.segment.run,
        step=StepKey(name=f"approve:{step.name}", occurrence=step.occurrence),
        call={"step": step.name, "arguments": arguments, "version": where.version, **kind},
        target=_reach(where.manifest),
        reason=f"{step.name} is irreversible: {f'it {does}, and ' * bool(does)}what it does can't be undone",
    )


def yes_to(run: str, step: StepKey) -> sa.Select[tuple[str | None]]:
    """The standing approval that has said yes to an irreversible step that is under way, or None where a person has; no
    row where the step is none."""
    return (
        sa.select(approvals.c.grant_used)
        .join(steps, sa.and_(steps.c.run == approvals.c.run, steps.c.occurrence == approvals.c.occurrence))
        .where(
            approvals.c.run == run,
            approvals.c.step == f"approve:{step.name}",
            approvals.c.occurrence == step.occurrence,
            approvals.c.state == "approved",
            steps.c.name == step.name,
            steps.c.kind == "irreversible",
        )
    )


def _reach(manifest: Manifest) -> str:
    """What the version that runs can act upon."""
    return ", ".join([*manifest.hosts, *(f"file {path}" for path in manifest.writes)]) or "nothing outside Tend"
