"""A function's parameters and result as JSON, read from its annotations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from inspect import BoundArguments, Parameter
from types import GenericAlias
from typing import Any, get_type_hints

from skills.errors import Misdeclared, WrongType
from skills.values import Codec
from skills.wire import Json


class Signature:
    """Encodes calls of `function` as one JSON object with a field per parameter, and its results by the return type."""

    def __init__(self, function: Callable[..., object], *, skip: int = 0) -> None:
        self._name = function.__name__
        self._hints = _hints(function)
        parameters = list(inspect.signature(function).parameters.values())[skip:]
        self._shape = inspect.Signature(parameters)
        self._codecs = {parameter.name: self._codec_of(parameter) for parameter in parameters}
        self.result: Codec[Any] = Codec(self._hint("return"), f"result of {self._name!r}")

    def encode(self, *args: object, **kwargs: object) -> dict[str, Json]:
        """The arguments of one call, defaults filled in. Raises `WrongType`."""
        try:
            bound = self._shape.bind(*args, **kwargs)
        except TypeError as error:
            raise WrongType(f"call of {self._name!r}: {error}") from error
        bound.apply_defaults()
        return {name: self._codecs[name].encode(value) for name, value in bound.arguments.items()}

    def decode(self, arguments: dict[str, Json]) -> BoundArguments:
        """The typed copies, ready for `function(*bound.args, **bound.kwargs)`."""
        bound = BoundArguments(self._shape, {})
        for name, codec in self._codecs.items():
            bound.arguments[name] = codec.decode(arguments[name])
        return bound

    @property
    def parameters(self) -> list[Parameter]:
        return list(self._shape.parameters.values())

    def _codec_of(self, parameter: Parameter) -> Codec[Any]:
        hint = self._hint(parameter.name)
        if parameter.kind is Parameter.VAR_POSITIONAL:
            hint = GenericAlias(tuple, (hint, ...))
        elif parameter.kind is Parameter.VAR_KEYWORD:
            hint = GenericAlias(dict, (str, hint))
        return Codec(hint, f"argument {parameter.name!r} of {self._name!r}")

    def _hint(self, name: str) -> Any:
        if name not in self._hints:
            what = "the result" if name == "return" else f"parameter {name!r}"
            raise Misdeclared(f"{self._name!r}: {what} has no annotation; what a run remembers needs a type")
        return self._hints[name]


def _hints(function: Callable[..., object]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise Misdeclared(
            f"{function.__name__!r}: the annotation {error.name!r} is not defined at run time; "
            f"define it at the module's top level and import it outside of `if TYPE_CHECKING`"
        ) from error
