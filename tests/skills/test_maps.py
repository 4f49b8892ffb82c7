"""`run.map` as the sidecar and a test's script see it."""

from __future__ import annotations

import threading

import pytest

from skills import Run, StepFailed, skill, step
from skills.execute import execute
from skills.port import Ask, Tell
from skills.testing import in_turn, rehearse
from skills.wire import Begin, ErrorInfo, Failed, Finish, Go, Ok, Raised, StepKey, Succeeded, Suspend, Suspended
from tests.skills.scripted import start


@step
def double(number: int) -> int:
    return number * 2


@skill()
def doubles(run: Run) -> list[int]:
    first = run.step(double, 1)
    return [first, *run.map(double, [2, 3, 4]), run.step(double, 5)]


class Parallel:
    """Lets every body run; `answers` are for the Begin of the items that they name."""

    def __init__(self, **answers: Tell) -> None:
        self._answers = answers
        self._guard = threading.Lock()
        self.begun: dict[str, object] = {}
        self.finished: set[str] = set()

    def ask(self, question: Ask) -> Tell:
        with self._guard:
            if isinstance(question, Begin):
                self.begun[str(question.step)] = question.arguments
                return self._answers.get(f"{question.step.name}{question.step.occurrence}", Go(attempt=1))
            assert isinstance(question, Finish)
            self.finished.add(str(question.step))
            return Ok()


def test_each_item_is_a_use_of_the_step_counted_before_any_begins() -> None:
    port = Parallel()
    end = execute(start(doubles), port, doubles)
    assert end.result == Succeeded(output=[2, 4, 6, 8, 10])
    uses = {str(StepKey(name="double", occurrence=place)): {"number": place + 1} for place in range(5)}
    assert port.begun == uses


def test_an_item_that_waits_lets_the_others_end_before_the_run_unwinds() -> None:
    port = Parallel(double1=Suspend(reason="retry"))
    assert execute(start(doubles), port, doubles).result == Suspended()
    assert port.finished == {"double", "double#3", "double#4"}
    assert "double#5" not in port.begun


def test_the_first_failure_in_the_items_order_is_raised() -> None:
    second, third = (Failed(error=ErrorInfo(type="ValueError", message=word)) for word in ("second", "third"))
    end = execute(start(doubles), Parallel(double2=second, double3=third), doubles)
    assert isinstance(end.result, Raised)
    assert (end.result.error.step, end.result.error.message) == ("double#3", "second")


def test_a_rehearsal_takes_the_items_in_their_order_and_replays_them() -> None:
    run = rehearse(doubles, steps={"double": in_turn(1, 20, 30, 40, 5)})
    assert run.result == [1, 20, 30, 40, 5]
    assert run.steps == ("double", "double#2", "double#3", "double#4", "double#5")


def test_failures_stand_where_the_results_would() -> None:
    @skill()
    def tolerant(run: Run) -> list[str]:
        ended = run.map(double, [1, 2], failures="return")
        return [each.message if isinstance(each, StepFailed) else str(each) for each in ended]

    assert rehearse(tolerant, steps={"double": in_turn(OSError("down"), 7)}).result == ["down", "7"]


@pytest.mark.parametrize("at_once", [0, 33])
def test_a_bound_that_is_none_is_refused(at_once: int) -> None:
    @skill()
    def unbound(run: Run) -> list[int]:
        return run.map(double, [1], at_once=at_once)

    error = rehearse(unbound).error
    assert error is not None
    assert (error.type, "at_once is 1 to 32" in error.message) == ("Misdeclared", True)


def test_no_items_are_no_steps() -> None:
    @skill()
    def idle(run: Run) -> list[int]:
        return run.map(double, [])

    run = rehearse(idle)
    assert (run.result, run.steps) == ([], ())
