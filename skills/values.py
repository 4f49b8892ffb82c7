"""Values on their way into JSON and back, by their declared type."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from typing_extensions import TypeForm

from skills.errors import Misdeclared, WrongType
from skills.wire import Json

# `Sequence` and `object` are left out on purpose: through them `bytes` would pass.
Jsonable: TypeAlias = (
    BaseModel | str | int | float | bool | list[Any] | tuple[Any, ...] | dict[str, Any]
    | date | timedelta | Decimal | None
)  # fmt: skip

# Its name is part of mypy's message: Value of type variable "JsonResult" of "step" cannot be "bytes".
JsonResult = TypeVar("JsonResult", bound=Jsonable)

T = TypeVar("T")

REFUSED = (bytes, bytearray, memoryview, set, frozenset, complex)


class Codec(Generic[T]):
    """Turns values of one declared type into JSON and back. `place` names them in errors: "argument 'n' of 'fetch'"."""

    def __init__(self, form: TypeForm[T], place: str) -> None:
        self._place = place
        try:
            self._adapter: TypeAdapter[T] = TypeAdapter(form)
        except (PydanticUserError, NameError) as error:
            raise Misdeclared(
                f"{place}: {form!r} is not a type that JSON can hold; use a pydantic model, str, int, float, "
                f"bool, list, dict, tuple, date, timedelta or Decimal ({str(error).splitlines()[0]})"
            ) from error

    def encode(self, value: T) -> Json:
        """Check the value strictly (no "5" for 5) and give its JSON. Raises `WrongType`."""
        try:
            checked = self._adapter.validate_python(value, strict=True)
        except ValidationError as error:
            raise WrongType(f"{self._place}: {explain(error)}") from error
        refuse_unjsonable(self._adapter.dump_python(checked), self._place)
        encoded: Json = self._adapter.dump_python(checked, mode="json")
        return encoded

    def decode(self, data: Json) -> T:
        """The typed value of stored JSON. Raises `WrongType`."""
        return self.decode_text(json.dumps(data))

    def decode_text(self, text: str) -> T:
        """Like `decode`, from JSON text."""
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise WrongType(f"{self._place}: {explain(error)}") from error

    def schema(self) -> Json:
        """The type's JSON Schema."""
        schema: Json = self._adapter.json_schema()
        return schema


def encode_untyped(value: object, place: str) -> Json:
    """JSON of a value whose type was not declared: models by their fields, dates as ISO 8601. Raises `WrongType`."""
    adapter: TypeAdapter[object] = TypeAdapter(Any)
    refuse_unjsonable(adapter.dump_python(value, warnings=False), place)
    try:
        encoded: Json = to_jsonable_python(value)
    except ValueError as error:
        raise WrongType(f"{place}: JSON cannot hold {type(value).__name__}: {error}") from error
    return encoded


def refuse_unjsonable(value: object, place: str) -> None:
    """Raise `WrongType` where pydantic would change or lose a value on its way into JSON without a word."""
    if isinstance(value, REFUSED):
        raise WrongType(
            f"{place}: JSON cannot hold {type(value).__name__}; use str for text, list for several values, "
            f"or write large content with files.write and pass its path"
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise WrongType(f"{place}: JSON cannot hold the float {value!r}; use None for a missing number")
    if isinstance(value, str):
        _refuse_broken_text(value, place)
    elif isinstance(value, dict):
        for key, item in value.items():
            refuse_unjsonable(key, place)
            refuse_unjsonable(item, place)
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_unjsonable(item, place)


def _refuse_broken_text(text: str, place: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise WrongType(f"{place}: text that is not valid Unicode at character {error.start}") from error


def explain(error: ValidationError) -> str:
    """The first three faults in words, with the path to each: `order.n: Input should be a valid integer, got 'x'`."""
    faults = []
    for fault in error.errors(include_url=False)[:3]:
        path = ".".join(str(part) for part in fault["loc"])
        got = repr(fault["input"])
        shown = got if len(got) <= 80 else got[:77] + "..."
        faults.append(f"{path + ': ' if path else ''}{fault['msg']}, got {shown}")
    more = error.error_count() - len(faults)
    return "; ".join(faults) + (f"; and {more} more" if more > 0 else "")
