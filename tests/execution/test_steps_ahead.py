"""The body of a step that nothing is remembered of begins without the sidecar's word; any other waits for it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from sidecar.execution.lines import Lines
from sidecar.execution.worker import SocketPort
from skills.wire import Answer, Begin, Done, Go, Question, StepKey, StepKind

WORD = Done(result="the sidecar's word", replayed=True)


@pytest.fixture
def sidecar() -> Iterator[tuple[Lines, Lines]]:
    """Its end of the conversation, on which it has answered the first question already, and the worker's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        lines = Lines(ours)
        lines.send(Answer(id=1, body=WORD).model_dump_json())
        yield lines, Lines(theirs)


def begin(occurrence: int, kind: StepKind = "step") -> Begin:
    return Begin(step=StepKey(name="pay", occurrence=occurrence), kind_of_step=kind, arguments={})


def heard(lines: Lines) -> Question:
    return Question.model_validate_json(lines.receive(timeout=10) or "")


def test_a_new_step_is_told_and_not_waited_for(sidecar: tuple[Lines, Lines]) -> None:
    ours, theirs = sidecar
    assert SocketPort(theirs, {"pay": 3}).ask(begin(3)) == Go(attempt=1)
    assert heard(ours).ahead


@pytest.mark.parametrize(
    ("remembered", "question"),
    [({"pay": 3}, begin(2)), ({}, begin(0, "irreversible")), (None, begin(0))],
    ids=["may be remembered", "needs its intent on disk", "the sidecar wants to be asked"],
)
def test_any_other_is_asked_for(
    sidecar: tuple[Lines, Lines], remembered: dict[str, int] | None, question: Begin
) -> None:
    ours, theirs = sidecar
    assert SocketPort(theirs, remembered).ask(question) == WORD
    assert not heard(ours).ahead
