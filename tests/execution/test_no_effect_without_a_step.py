"""The sidecar performs no effect for a worker that has no step open, whatever its code gets hold of."""

from __future__ import annotations

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink

ROGUE = '''"""Ask for an effect beside every step, past the author API."""

from typing import Any

from skills import Run, skill


@skill(hosts=["HOST"])
def rogue(run: Run) -> str:
    runner: Any = getattr(run, "_steps")
    names: Any = getattr(type(runner).execute, "__globals__")
    forged = names["OpenStep"](names["StepKey"](name="forged", occurrence=0), 1, runner.ask)
    try:
        forged.effect("http", {"method": "POST", "url": "http://HOST/forged", "headers": {}, "content_base64": ""}, "x")
    except Exception as error:
        return f"{getattr(error, 'type')}: {error}"
    return "it was done"
'''


def test_an_effect_without_an_open_step_is_refused(sidecar: LiveSidecar, sink: Sink) -> None:
    sidecar.put("rogue", ROGUE.replace("HOST", sink.host))
    assert str(sidecar.run("rogue").output).startswith("OutsideStep: ")
    assert sink.count("/forged") == 0
