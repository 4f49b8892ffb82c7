"""What only the skills that ship with Tend may ask of the sidecar, which refuses it to all others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeForm

from skills.asking import Asking
from skills.errors import EffectFailed, Misdeclared
from skills.open_step import OpenStep
from skills.run import Run
from skills.step_runner import Work
from skills.values import Codec, Jsonable, JsonResult, encode_untyped
from skills.wire import Json


class PersonAnswer(BaseModel):
    model_config = ConfigDict(frozen=True)

    answer: str
    by: str


class Trusted(Run):
    """The run of a shipped skill. Its function takes `run: Run` like any other and begins with `Trusted.of(run)`."""

    @classmethod
    def of(cls, run: Run) -> Trusted:
        if not isinstance(run, cls):
            raise Misdeclared("Trusted.of: only skills that ship with Tend run with commands")
        return run

    def command(self, name: str, /, **arguments: Jsonable) -> Any:
        """Have the sidecar carry out `name`, once. Its JSON reply. Raises `StepFailed`."""
        place = f"argument of command {name!r}"
        encoded = {key: encode_untyped(value, place) for key, value in arguments.items()}
        return self._steps.request("command", name, {"name": name, "arguments": encoded})

    def ask_person(self, question: str, choices: Sequence[str] = ()) -> PersonAnswer:
        """Wait until the person in this session answers."""
        arguments: dict[str, Json] = {"question": question, "choices": list(choices)}
        return PersonAnswer.model_validate(self._steps.request("question", "question", arguments))

    def judge(
        self,
        prompt: str,
        *values: Jsonable,
        returns: TypeForm[JsonResult],
        fallback: Callable[[], JsonResult],
    ) -> JsonResult:
        """Like `ask`, answered by the model that reviews."""
        codec = Codec(returns, "answer of run.judge")
        return codec.decode(self._answered(Asking(prompt, values, codec, fallback, purpose="review")))

    def model(self, request: dict[str, Any]) -> dict[str, Any]:
        """One Messages request, paid for once: on replay the reply comes from the journal.

        A reply that was cut in the middle of a call has nothing in it that is whole: it comes back empty, with
        `stop_reason` "max_tokens".
        """
        arguments = encode_untyped(request, "request of model")

        def body(step: OpenStep) -> Json:
            try:
                return step.effect("model", arguments, "asking the model")
            except EffectFailed as error:
                if error.type != "ModelReplyCut":
                    raise
                return {"content": [], "stop_reason": "max_tokens"}

        reply = self._steps.execute(Work("model", arguments, body, kind="model"))
        if not isinstance(reply, dict):
            raise TypeError(f"the gateway's reply is {type(reply).__name__}, expected an object")
        return reply
