"""Runs one attempt of a run, from Start to End."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from skills.definition import Skill
from skills.error_info import error_info
from skills.errors import Misdeclared, SuspendRun, WrongInput, WrongType
from skills.failure import Failure
from skills.port import Port
from skills.run import AT_ONCE_AT_MOST, Run
from skills.step_runner import StepRunner
from skills.trusted import Trusted
from skills.wire import End, Json, Raised, Start, Succeeded, Suspended


def execute(
    start: Start,
    port: Port,
    skill: Skill[..., Any],
    *,
    pause: Callable[[float], None] = time.sleep,
    threads: int = AT_ONCE_AT_MOST,
) -> End:
    """Call the skill (or its `on_failure` handler, where `start.failure` is set) and say how it ended.

    It never raises what the skill raised; `pause` waits between two tries of a step, and `run.map` takes up to
    `threads`.
    """
    describe = partial(error_info, own_files={*start.code.files, skill.function.__code__.co_filename})
    steps = StepRunner(port, describe, pause, threads)
    result: Succeeded | Raised | Suspended
    try:
        # Built in here: an unknown zone is the run's error, not the worker's.
        run = (Trusted if start.code.import_from else Run)(start, steps)
        output = _call(start, skill, run)
        result = Succeeded(output=output, nothing_to_report=run.quiet_because)
    except SuspendRun:
        result = Suspended()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the author's code raises is an outcome
        result = Raised(error=describe(error))
    # A bare `except:` in the skill may have caught the unwinding; the run waits all the same.
    return End(result=Suspended() if steps.suspended else result)


def _call(start: Start, skill: Skill[..., Any], run: Run) -> Json:
    if start.failure is None:
        return skill.signature.result.encode(skill.function(run, *_payload(start.input, skill)))
    if skill.failure_handler is None:
        raise Misdeclared(f"skill {skill.name!r} has no on_failure handler")
    skill.failure_handler(
        run,
        Failure(
            message=start.failure.message,
            type=start.failure.type,
            step=start.failure.step,
            run_id=start.failed_run or start.run,
            skill=skill.name,
        ),
    )
    return None


def _payload(data: Json, skill: Skill[..., Any]) -> tuple[Any, ...]:
    """The typed input, as the arguments after `run`."""
    parameter = skill.payload
    if parameter is None:
        if data is not None:
            raise WrongInput(f"skill {skill.name!r} takes no input, got {data!r:.80}; start it without one")
        return ()
    if data is None and parameter.default is not parameter.empty:
        return (parameter.default,)
    try:
        return skill.signature.decode({parameter.name: data}).args
    except WrongType as error:
        raise WrongInput(str(error)) from error
