"""One attempt, as the sidecar sees it: what is asked, in which order, and how each answer is taken."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from skills import EffectFailed, Failure, OutsideStep, Run, Skill, StepFailed, files, http, skill, step
from skills.testing import rehearse
from skills.trusted import Trusted
from skills.wire import (
    NOT_DONE,
    Again,
    Begin,
    Code,
    Done,
    Effect,
    ErrorInfo,
    Fail,
    Failed,
    Finish,
    Go,
    Json,
    Log,
    Ok,
    Raised,
    Request,
    StepKey,
    Succeeded,
    Suspend,
    Suspended,
)
from tests.skills.scripted import play

BOOM = ErrorInfo(type="ValueError", message="boom")


class Order(BaseModel):
    id: str
    copies: int = 1


seen: list[Order] = []


@step(attempts=3, backoff=timedelta(seconds=2), timeout=timedelta(seconds=9), give_up_on=(ValueError,))
def double(order: Order, times: int = 2) -> Order:
    seen.append(order)
    if order.copies < 0:
        raise ValueError("negative")
    if order.copies == 0 and len(seen) < 2:
        raise OSError("busy")
    return Order(id=order.id, copies=order.copies * times)


@skill()
def order_twice(run: Run, order: Order) -> Order:
    first = run.step(double, order)
    return run.step(double, first, times=1)


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    seen.clear()


def succeeded(result: object) -> Any:
    assert isinstance(result, Succeeded), result
    return result.output


def raised(result: object) -> ErrorInfo:
    assert isinstance(result, Raised), result
    return result.error


class TestSteps:
    def test_a_new_step_is_begun_executed_and_finished(self) -> None:
        end, asked = play(order_twice, Go(attempt=1), Ok(), Go(attempt=1), Ok(), input_={"id": "a", "copies": 3})
        assert succeeded(end.result) == {"id": "a", "copies": 6}
        begin, finish, again, _ = asked
        assert isinstance(begin, Begin)
        assert isinstance(again, Begin)
        assert begin.arguments == {"order": {"id": "a", "copies": 3}, "times": 2}
        assert (begin.retry.attempts, begin.retry.backoff, begin.retry.timeout) == (3, 2.0, 9.0)
        assert finish == Finish(step=StepKey(name="double", occurrence=0), attempt=1, result={"id": "a", "copies": 6})
        assert again.step == StepKey(name="double", occurrence=1)

    def test_a_remembered_step_is_not_executed(self) -> None:
        done = Done(result={"id": "old", "copies": 9}, replayed=True)
        end, _ = play(order_twice, done, done, input_={"id": "a"})
        assert succeeded(end.result) == {"id": "old", "copies": 9}
        assert seen == []

    def test_the_body_gets_copies(self) -> None:
        mine = Order(id="a")

        @skill()
        def passes_its_own(run: Run) -> None:
            run.step(double, mine)

        play(passes_its_own, Go(attempt=1), Ok())
        assert seen == [mine]
        assert seen[0] is not mine

    def test_a_failed_try_is_repeated_when_the_sidecar_says_so(self) -> None:
        pauses: list[float] = []
        end, asked = play(
            order_twice,
            Go(attempt=2, delay=1.5),
            Again(attempt=3, delay=4.0),
            Ok(),
            Done(result={"id": "a"}),
            input_={"id": "a", "copies": 0},
            pauses=pauses,
        )
        assert isinstance(end.result, Succeeded)
        assert pauses == [1.5, 4.0]
        fail, finish = asked[1:3]
        assert isinstance(fail, Fail)
        assert (fail.attempt, fail.error.type, fail.retryable) == (2, "OSError", True)
        assert isinstance(finish, Finish)
        assert finish.attempt == 3

    def test_what_it_gives_up_on_is_sent_as_not_retryable(self) -> None:
        end, asked = play(order_twice, Go(attempt=1), Failed(error=BOOM), input_={"id": "a", "copies": -1})
        assert isinstance(asked[1], Fail)
        assert not asked[1].retryable
        assert "test_attempts.py" in asked[1].error.traceback
        assert "step_runner" not in asked[1].error.traceback
        error = raised(end.result)
        assert (error.type, error.message, error.step) == ("ValueError", "boom", "double")

    def test_a_step_that_failed_can_be_caught(self) -> None:
        @skill()
        def catches(run: Run) -> str:
            try:
                run.step(double, Order(id="a"))
            except StepFailed as failed:
                return f"{failed.step}: {failed.type}"
            return "no"

        end, _ = play(catches, Failed(error=BOOM, replayed=True))
        assert succeeded(end.result) == "double: ValueError"

    def test_a_result_of_the_wrong_type_fails_the_step_at_once(self) -> None:
        @step(attempts=5)
        def lies() -> int:
            return "three"  # type: ignore[return-value]  # the mistake

        @skill()
        def trusts(run: Run) -> int:
            return run.step(lies)

        _, asked = play(trusts, Go(attempt=1), Failed(error=BOOM))
        assert isinstance(asked[1], Fail)
        assert asked[1].error.type == "WrongType"
        assert not asked[1].retryable

    def test_a_result_that_is_not_stored_fails_the_step(self) -> None:
        too_large = ErrorInfo(type="TooLarge", message="2 MiB, at most 1 MiB")
        end, _ = play(order_twice, Go(attempt=1), Failed(error=too_large), input_={"id": "a"})
        assert raised(end.result).type == "TooLarge"

    def test_a_step_in_a_step_is_refused(self) -> None:
        @skill()
        def nests(run: Run) -> None:
            @step
            def outer() -> None:
                run.sleep(timedelta(seconds=1))

            run.step(outer)

        _, asked = play(nests, Go(attempt=1), Failed(error=BOOM))
        assert isinstance(asked[1], Fail)
        assert asked[1].error.type == "InsideStep"


class TestWaiting:
    def test_a_suspension_passes_through_except_exception(self) -> None:
        @skill()
        def careless(run: Run) -> str:
            try:
                run.sleep(timedelta(hours=1))
            except Exception:  # noqa: BLE001 - what authors write
                return "swallowed"
            return "slept"

        end, asked = play(careless, Suspend(reason="sleep"))
        assert end.result == Suspended()
        assert asked == [
            Request(
                step=StepKey(name="sleep", occurrence=0),
                kind_of_request="sleep",
                arguments={"seconds": 3600.0},
            )
        ]

    def test_even_a_bare_except_cannot_go_on(self) -> None:
        @skill()
        def stubborn(run: Run) -> str:
            try:
                run.sleep(timedelta(hours=1))
            except BaseException:  # noqa: BLE001 - the worst an author can write
                run.notify("#x", "still here")
            return "finished"

        end, asked = play(stubborn, Suspend(reason="sleep"))
        assert end.result == Suspended()
        assert len(asked) == 1

    def test_an_effect_may_suspend_too(self) -> None:
        @step
        def spends() -> str:
            return http.get("https://x.example").text

        @skill()
        def spender(run: Run) -> str:
            return run.step(spends)

        end, asked = play(spender, Go(attempt=1), Suspend(reason="budget"))
        assert end.result == Suspended()
        assert len(asked) == 2


class TestRequests:
    def test_each_has_its_arguments_and_its_result(self) -> None:
        other = Skill.named("other", takes=Order, returns=list[int])

        @skill()
        def asks_for_everything(run: Run) -> list[str]:
            approval = run.approve("Go?", expires_in=timedelta(minutes=1), on_expiry="no")
            run.notify("#x", "hello")
            run.state.put("order", Order(id="a"))
            return [
                str(bool(approval)),
                str(approval.by),
                str(run.invoke(other, Order(id="a"))),
                str(run.state.get("n", int)),
                str(run.state.get("order", Order, Order(id="default")).id),
                run.now.isoformat(),
            ]

        end, asked = play(
            asks_for_everything,
            Done(result={"approved": False, "by": "ann", "because": "no"}),
            Done(result={"notice": "n1"}),
            Done(result=None),
            Done(result=[1, 2]),
            Done(result={"found": False, "value": None}),
            Done(result={"found": True, "value": {"id": "kept"}}),
            Done(result="2027-07-01T10:00:00+00:00"),
        )
        assert succeeded(end.result) == [
            "False",
            "ann",
            "[1, 2]",
            "None",
            "kept",
            "2027-07-01T12:00:00+02:00",
        ]
        requests = [question for question in asked if isinstance(question, Request)]
        assert [(str(each.step), each.kind_of_request) for each in requests] == [
            ("approve", "approve"),
            ("notify", "notify"),
            ("state.put:order", "state.put"),
            ("invoke:other", "invoke"),
            ("state.get:n", "state.get"),
            ("state.get:order", "state.get"),
            ("now", "now"),
        ]
        assert [each.arguments for each in requests[:4]] == [
            {"question": "Go?", "expires_in": 60.0},
            {"target": "#x", "text": "hello"},
            {"name": "order", "value": {"id": "a", "copies": 1}},
            {"skill": "other", "input": {"id": "a", "copies": 1}},
        ]

    def test_shipped_skills_may_command(self) -> None:
        @skill()
        def shipped(run: Run) -> str:
            trusted = Trusted.of(run)
            listed = trusted.command("skills.read", name="x")
            answer = trusted.ask_person("Which?", ["a", "b"])
            reply = trusted.model({"messages": []})
            return f"{listed} {answer.answer} {reply['stop_reason']}"

        trusted_code = Code(entry="", function="shipped", import_from="skills.shipped.x")
        end, asked = play(
            shipped,
            Done(result="text"),
            Done(result={"answer": "b", "by": "ann"}),
            Go(attempt=1),
            Done(result={"stop_reason": "end_turn"}),
            Ok(),
            code=trusted_code,
        )
        assert succeeded(end.result) == "text b end_turn"
        assert isinstance(asked[0], Request)
        assert asked[0].arguments == {"name": "skills.read", "arguments": {"name": "x"}}
        assert isinstance(asked[2], Begin)
        assert asked[2].kind_of_step == "model"
        assert isinstance(asked[3], Effect)
        assert (asked[3].kind_of_effect, asked[3].n) == ("model", 0)

        refused, _ = play(shipped)
        assert raised(refused.result).type == "Misdeclared"


class TestEffects:
    def test_clients_speak_for_the_open_step(self) -> None:
        @step
        def touches() -> list[str]:
            reply = http.post("https://x.example/a?b=1", params={"q": "ü"}, json=Order(id="a"))
            files.write("a.txt", reply.text)
            return [files.read("a.txt"), *files.list("*.txt")]

        @skill()
        def toucher(run: Run) -> list[str]:
            return run.step(touches)

        end, asked = play(
            toucher,
            Go(attempt=4),
            Done(
                result={
                    "status": 200,
                    "headers": {"Content-Type": "text/plain; charset=latin-1"},
                    "content_base64": "/A==",
                    "url": "https://x.example/a",
                }
            ),
            Done(result={}),
            Done(result={"text": "ü"}),
            Done(result={"paths": ["a.txt"]}),
            Ok(),
        )
        assert succeeded(end.result) == ["ü", "a.txt"]
        effects = [question for question in asked if isinstance(question, Effect)]
        assert [(effect.n, effect.attempt) for effect in effects] == [(0, 4), (1, 4), (2, 4), (3, 4)]
        assert effects[0].request == {
            "method": "POST",
            "url": "https://x.example/a?b=1&q=%C3%BC",
            "headers": {"content-type": "application/json"},
            "content_base64": "eyJpZCI6ICJhIiwgImNvcGllcyI6IDF9",
        }
        assert effects[1].request == {"action": "write", "path": "a.txt", "text": "ü"}

    def test_outside_a_step_they_say_what_to_do(self) -> None:
        with pytest.raises(OutsideStep, match=r"http\.get was used outside a step\. Move it into a function decorated"):
            http.get("https://x.example")
        with pytest.raises(OutsideStep, match=r"files\.read"):
            files.read("a.txt")

    def test_an_effect_that_was_refused_raises_in_the_step(self) -> None:
        @step
        def tries() -> str:
            try:
                return http.get("https://x.example").text
            except EffectFailed as failed:
                return f"{failed.type}: {failed}"

        @skill()
        def trier(run: Run) -> str:
            return run.step(tries)

        refusal = ErrorInfo(type="HostNotDeclared", message="not declared")
        end, _ = play(trier, Go(attempt=1), Failed(error=refusal), Ok())
        assert succeeded(end.result) == "HostNotDeclared: GET https://x.example: not declared"

    @pytest.mark.parametrize(("status", "retryable"), [(404, False), (429, True), (503, True)])
    def test_only_a_status_that_may_change_is_worth_another_try(self, status: int, retryable: bool) -> None:
        @step
        def reads() -> str:
            return http.get("https://x.example").raise_for_status().text

        @skill()
        def reader(run: Run) -> str:
            return run.step(reads)

        reply: Json = {"status": status, "headers": {}, "content_base64": "", "url": "https://x.example"}
        _, asked = play(reader, Go(attempt=1), Done(result=reply), Failed(error=BOOM))
        assert isinstance(asked[2], Fail)
        assert asked[2].retryable is retryable


class TestTheRunItself:
    def test_the_same_on_each_attempt(self) -> None:
        @skill()
        def stable(run: Run) -> list[str]:
            return [run.key("a"), run.key("b"), str(run.random.random()), run.started.isoformat(), run.id]

        first, second = play(stable, attempt=1)[0], play(stable, attempt=2)[0]
        assert first == second
        key, other, _, started, _ = succeeded(first.result)
        assert len(key) == 32
        assert key != other
        assert started == datetime(2027, 1, 1, 9, tzinfo=ZoneInfo("Europe/Berlin")).isoformat()

    def test_log_lines_are_counted_in_the_body_and_in_each_try_of_a_step(self) -> None:
        @skill()
        def talks(run: Run) -> None:
            @step
            def whispers() -> None:
                run.log("in")

            run.log("one", order=Order(id="a"))
            run.step(whispers)
            run.log("two", level="warning")

        _, asked = play(talks, Go(attempt=2), Ok())
        lines = [question for question in asked if isinstance(question, Log)]
        assert [(str(line.step), line.attempt, line.seq, line.message) for line in lines] == [
            ("None", 1, 0, "one"),
            ("whispers", 2, 0, "in"),
            ("None", 1, 1, "two"),
        ]
        assert lines[0].fields == {"order": {"id": "a", "copies": 1}}

    def test_nothing_to_report_goes_with_the_output(self) -> None:
        @skill()
        def quiet(run: Run) -> None:
            run.nothing_to_report("no change")

        assert play(quiet)[0].result == Succeeded(output=None, nothing_to_report="no change")

    def test_input_is_checked(self) -> None:
        end, asked = play(order_twice, input_={"id": 7})
        error = raised(end.result)
        assert error.type == "WrongInput"
        assert "argument 'order' of 'order_twice': id: Input should be a valid string, got 7" in error.message
        assert asked == []

    def test_input_for_a_skill_that_takes_none_is_refused(self) -> None:
        @skill()
        def takes_nothing(run: Run) -> None: ...

        assert "takes no input" in raised(play(takes_nothing, input_={"a": 1})[0].result).message

    @pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(3)])
    def test_what_the_skill_raises_is_its_outcome(self, error: BaseException) -> None:
        @skill()
        def breaks(run: Run) -> None:
            raise error

        info = raised(play(breaks)[0].result)
        assert info.type == type(error).__name__
        assert "raise error" in info.traceback
        assert "execute.py" not in info.traceback

    def test_on_failure_is_told_what_failed(self) -> None:
        told: list[Failure] = []

        @skill()
        def fails(run: Run, order: Order) -> None: ...

        @fails.on_failure
        def tell(run: Run, failure: Failure) -> None:
            told.append(failure)

        info = ErrorInfo(type="OSError", message="down", step="double")
        end, _ = play(fails, failure=info, failed_run="r0")
        assert end.result == Succeeded(output=None)
        assert told == [Failure(message="down", type="OSError", step="double", run_id="r0", skill="fails")]


class NotDone(Exception):
    """Called as Tend's own word for it was."""


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def page_then_fail(name: str) -> str:
    raise NotDone(f"{name} was paged, and then something broke")


@skill()
def pages(run: Run) -> str:
    paged = run.step_if_approved("Page Ada?", page_then_fail, "Ada")
    return "nobody was paged" if paged is None else "paged"


APPROVED = Done(result={"approved": True, "by": "ada"})


def test_an_irreversible_step_that_failed_is_not_taken_for_one_that_was_not_done() -> None:
    error = rehearse(pages, approvals=True).error
    assert error
    assert (error.type, error.step) == ("NotDone", "page_then_fail")
    end, _ = play(pages, APPROVED, Failed(error=error, replayed=True))
    assert isinstance(end.result, Raised)


@pytest.mark.parametrize("word", [NOT_DONE, "NotDone"])  # the second: as it was stored before
def test_one_that_was_not_done_is_none(word: str) -> None:
    said = ErrorInfo(type=word, message="Tend died while it ran, and ada said that it was not done")
    end, _ = play(pages, APPROVED, Failed(error=said, replayed=True))
    assert isinstance(end.result, Succeeded)
    assert end.result.output == "nobody was paged"
