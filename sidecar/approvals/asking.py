"""What is put to a person, and the hash over all that a yes is bound to."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.store.schema import approvals
from skills.wire import OnExpiry, StepKey

DONE, NOT_YET = "done", "not-done"  # the answers to an approval of the kind "unknown"

Kind: TypeAlias = Literal["approval", "question", "unknown", "version", "budget"]


@dataclass(frozen=True)
class NewApproval:
    """`call` is what a yes lets happen, whole: {"step", "arguments", "version"} of an irreversible step, and "does"
    if it says of which kind it is; where no run waits, {"arguments", "version"} as far as there are such."""

    kind: Kind
    skill: str
    question: str
    run: str | None = None
    step: StepKey | None = None  # of the run, that waits for the answer
    choices: tuple[str, ...] = ()
    call: Mapping[str, JsonValue] | None = None
    target: str | None = None  # what it can reach
    reason: str | None = None  # why a person is asked
    expires_at: float | None = None
    on_expiry: OnExpiry = "no"
    id: str = field(default_factory=lambda: secrets.token_hex(8))


def ask(connection: Connection, new: NewApproval, now: float) -> str:
    """Put it to a person, in the caller's transaction; its id. `Approvals.on_answer` says what the answer does where no
    step of a run waits for it."""
    put_approval(connection, new, now, state="open")
    return new.id


def put_approval(connection: Connection, new: NewApproval, now: float, **more: Any) -> None:
    values = {**vars(new), "choices": list(new.choices), "step": None, "occurrence": None, **more}
    if new.step:
        values |= {"step": new.step.name, "occurrence": new.step.occurrence}
    connection.execute(approvals.insert().values(hash=bound_hash(new), asked_at=now, **values))


def bound_hash(new: NewApproval) -> str:
    """Over all that a yes is for. The version stands for its bytes: it is their hash."""
    bound = {
        "kind": new.kind,
        "skill": new.skill,
        "run": new.run,
        "step": new.step.model_dump() if new.step else None,
        "call": dict(new.call) if new.call else None,
        "target": new.target,
    }
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
