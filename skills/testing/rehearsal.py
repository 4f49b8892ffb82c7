"""`rehearse`: one run of a skill, and proof that it replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

from skills.approval import Approval
from skills.definition import Skill
from skills.execute import execute
from skills.failure import Failure
from skills.testing.script import Script, Unscripted
from skills.testing.scripted_port import ReplayDiffers, ScriptedPort
from skills.testing.world import Emitted, Notice, SentRequest, Started, World
from skills.values import JsonResult, encode_remembered
from skills.wire import Code, End, ErrorInfo, Json, Log, Raised, Start, Succeeded

NEW_YEAR = datetime(2027, 1, 1, 9, tzinfo=UTC)


class RehearsalFailed(AssertionError):
    """The script has a gap, the run does not replay, or `.result` was asked of a run that failed."""


@dataclass(frozen=True)
class Rehearsal(Generic[JsonResult]):
    """How the run ended, and what it did. `error` is None if it succeeded."""

    error: ErrorInfo | None
    steps: tuple[str, ...]  # in the order in which they ended: "fetch", "fetch#2", "sleep", ...
    notices: tuple[Notice, ...]
    events: tuple[Emitted, ...]
    started: tuple[Started, ...]
    logs: tuple[Log, ...]
    requests: tuple[SentRequest, ...]
    questions: tuple[str, ...]  # put to people
    prompts: tuple[dict[str, Any], ...]  # put to the model
    files: Mapping[str, str]
    state: Mapping[str, Json]  # as before, if the run failed
    now: datetime
    nothing_to_report: str | None
    _result: JsonResult | None

    @property
    def result(self) -> JsonResult:
        """What the skill returned. Raises `RehearsalFailed` if it failed."""
        if self.error is not None:
            where = f" in step {self.error.step!r}" if self.error.step else ""
            raise RehearsalFailed(
                f"the run failed{where}: {self.error.type}: {self.error.message}\n{self.error.traceback}"
            )
        result: JsonResult = self._result  # type: ignore[assignment]  # None only where the skill returns None
        return result


def rehearse(
    skill: Skill[..., JsonResult],
    payload: object = None,
    *,
    steps: Mapping[str, object] | None = None,
    http: Mapping[str, object] | None = None,
    programs: Mapping[str, object] | None = None,
    files: Mapping[str, str] | None = None,
    asks: Sequence[object] = (),
    approvals: bool | Sequence[bool | Approval] = (),
    invokes: Mapping[str, object] | None = None,
    waits: Mapping[str, object] | None = None,
    commands: Mapping[str, object] | None = None,
    answers: Sequence[str] = (),
    state: Mapping[str, object] | None = None,
    failure: Failure | None = None,
    now: datetime = NEW_YEAR,
    zone: str = "UTC",
    replays: bool = True,
) -> Rehearsal[JsonResult]:
    """Run the skill once, in memory.

    steps      results by step name; a step that is not named here executes its body
    http       replies by "GET https://..." (or the address alone): text, JSON, a Reply, an exception
    programs   what they write, by "jq . a.json" (or the program's name alone): text, a shell.Finished, an exception
    files      the workspace's files by path
    asks       the model's answers in order: a value, or a str for the raw text
    approvals  people's answers in order; `True` approves everything
    invokes    results of other skills by name
    waits      payloads of awaited events by name; None where the time is up
    state      what earlier runs remembered
    failure    run the on_failure handler instead, with this
    now        the clock at the start; run.sleep and the delays between retries move it, nothing else does
    replays    run it again from the journal, and fail unless it asks the same and ends the same
    commands, answers  for the skills that ship with Tend

    A result is a value, an exception, `in_turn(first, second)`, or a callable that is given the arguments as JSON.
    Raises `RehearsalFailed` for what the script does not answer; a skill that fails is in `.error`.
    """
    before = {name: encode_remembered(value, f"state {name!r}") for name, value in (state or {}).items()}
    world = World(
        declaration=skill.declaration,
        now=now,
        http=Script("http", http or {}),
        programs=Script("programs", programs or {}),
        files=dict(files or {}),
        invokes=Script("invokes", invokes or {}),
        waits=Script("waits", waits or {}),
        commands=Script("commands", commands or {}),
        asks=asks,
        approvals=[approvals] * 1000 if isinstance(approvals, bool) else approvals,
        answers=answers,
        state=dict(before),
    )
    port = ScriptedPort(Script("steps", steps or {}), world)
    start = Start(
        run="rehearsal",
        skill=skill.name,
        version="rehearsal",
        attempt=1,
        trigger="call",
        rehearsal=True,
        code=Code(
            entry=f"skills/{skill.name}.py",
            function=skill.name,
            import_from=None if commands is None else skill.function.__module__,
        ),
        input=_input(skill, payload),
        zone=zone,
        started=now,
        failure=None if failure is None else ErrorInfo(type=failure.type, message=failure.message, step=failure.step),
        failed_run=None if failure is None else failure.run_id,
    )
    end = _run(start, port, world, skill, replays=replays)
    error = end.result.error if isinstance(end.result, Raised) else None
    succeeded = end.result if isinstance(end.result, Succeeded) else None
    returned = succeeded is not None and failure is None
    return Rehearsal(
        error=error,
        steps=tuple(str(key) for key in port.journal),
        notices=tuple(world.notices),
        events=tuple(world.events),
        started=tuple(world.started),
        logs=tuple(port.log),
        requests=tuple(world.requests),
        questions=tuple(world.questions),
        prompts=tuple(world.prompts),
        files=world.files,
        state=world.state if error is None else before,
        now=world.now,
        nothing_to_report=succeeded.nothing_to_report if succeeded else None,
        _result=skill.signature.result.decode(succeeded.output) if succeeded and returned else None,
    )


def _input(skill: Skill[..., Any], payload: object) -> Json:
    if payload is None:
        return None
    (encoded,) = skill.signature.encode(payload).values()
    return encoded


def _run(start: Start, port: ScriptedPort, world: World, skill: Skill[..., Any], *, replays: bool) -> End:
    try:
        # One thread: the items of a run.map take their turns, so that scripted results come in their order.
        end = execute(start, port, skill, pause=world.advance, threads=1)
        if replays:
            port.replay()
            _compare(end, execute(start, port, skill, pause=world.advance, threads=1))
    except Unscripted as gap:
        raise RehearsalFailed(str(gap)) from None
    except ReplayDiffers as difference:
        raise RehearsalFailed(
            f"the run does not replay: {difference}. Between two steps the body may only depend on what "
            f"run gave it: use run.now and run.random, and let steps return what they find out"
        ) from None
    return end


def _compare(first: End, second: End) -> None:
    if _shown(first) != _shown(second):
        raise ReplayDiffers(f"it ended with {_shown(first)} at first and with {_shown(second)} on replay")


def _shown(end: End) -> str:
    if isinstance(end.result, Raised):
        return f"{end.result.error.type}: {end.result.error.message}"
    return end.result.model_dump_json()
