"""What a skill remembers from one run to the next."""

from __future__ import annotations

from typing import Any, overload

from pydantic import BaseModel
from typing_extensions import TypeForm

from skills.step_runner import StepRunner
from skills.values import Codec, Jsonable, JsonResult, encode_remembered
from skills.wire import Json


class _Found(BaseModel):
    found: bool
    value: Any = None


class State:
    """Named JSON values. What a run puts is published when it ends well; a failed run changes nothing."""

    def __init__(self, steps: StepRunner) -> None:
        self._steps = steps

    @overload
    def get(self, name: str, form: TypeForm[JsonResult]) -> JsonResult | None: ...
    @overload
    def get(self, name: str, form: TypeForm[JsonResult], default: JsonResult) -> JsonResult: ...
    def get(self, name: str, form: TypeForm[Any], default: Any = None) -> Any:
        """The value called `name` as a value of type `form`, or `default` if none was ever put. Raises `WrongType`."""
        codec: Codec[Any] = Codec(form, f"state {name!r}")
        reply = _Found.model_validate(self._steps.request("state.get", f"state.get:{name}", {"name": name}))
        return codec.decode(reply.value) if reply.found else default

    def put(self, name: str, value: Jsonable) -> None:
        """Remember `value`; later in this run `get` gives it too."""
        encoded: Json = encode_remembered(value, f"state {name!r}")
        self._steps.request("state.put", f"state.put:{name}", {"name": name, "value": encoded})
