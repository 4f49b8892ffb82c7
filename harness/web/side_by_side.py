"""Two runs beside one another: their steps, each with the one of the same key."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sidecar.client import views

How: TypeAlias = Literal["same", "differs", "only a", "only b"]


class Pair(views.View):
    key: str  # the step's name, and which of that name it is: fetch#2
    how: How  # whether both had the same arguments and came to the same end
    a: views.Step | None
    b: views.Step | None


def aligned(a: views.RunDetail, b: views.RunDetail) -> tuple[Pair, ...]:
    """In the order in which run a came to them; what only b has stands after the step that it came after there."""
    of_a, of_b = ({key_of(step): step for step in run.steps} for run in (a, b))
    order, place = list(of_a), 0
    for key in of_b:
        if key in of_a:
            place = order.index(key) + 1
        else:
            order.insert(place, key)
            place += 1
    return tuple(
        Pair(key=key, how=_how(of_a.get(key), of_b.get(key)), a=of_a.get(key), b=of_b.get(key)) for key in order
    )


def key_of(step: views.Step) -> str:
    return step.name if step.occurrence == 0 else f"{step.name}#{step.occurrence + 1}"


def _how(a: views.Step | None, b: views.Step | None) -> How:
    if a is None or b is None:
        return "only b" if a is None else "only a"
    return "same" if _content(a) == _content(b) else "differs"


def _content(step: views.Step) -> tuple[object, ...]:
    error = (step.error.type, step.error.message) if step.error else None
    return step.arguments, step.state, step.result, error
