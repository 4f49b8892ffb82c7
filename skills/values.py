"""Values on their way into JSON and back, by their declared type."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, PydanticUserError, SecretBytes, SecretStr, TypeAdapter, ValidationError
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

REFUSED = (bytes, bytearray, memoryview, set, frozenset, complex, SecretStr, SecretBytes)


COMES_BACK = (
    "let validators leave alone what they have made, exclude no field, and annotate models by their own class (with a "
    '`kind: Literal["..."]` in each of several that are alike)'
)


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
        """Check the value strictly (no "5" for 5) and give its JSON, from which it comes back as it was. Raises
        `WrongType`."""
        try:
            checked = self._adapter.validate_python(value, strict=True, by_alias=True, by_name=True)
        except ValidationError as error:
            raise WrongType(f"{self._place}: {explain(error)}") from error
        refuse_unjsonable(self._adapter.dump_python(checked, by_alias=False, round_trip=True), self._place)
        encoded = self._dump(checked)
        if encoded != value:  # else it was checked already: reading it does once more what was done to it here
            self._read_back(checked, encoded)
        return encoded

    def _dump(self, value: T) -> Json:
        """Fields by their names, as authors write them."""
        encoded: Json = self._adapter.dump_python(value, mode="json", by_alias=False, round_trip=True)
        return encoded

    def _read_back(self, value: T, encoded: Json) -> None:
        try:
            copy = self.decode(encoded)
        except WrongType as error:
            raise WrongType(f"{error}, when its JSON was read back; {COMES_BACK}") from error
        if copy != value and not (self._dump(copy) == encoded and _came_back(value, copy)):
            raise WrongType(f"{self._place}: {_short(value)} comes back from JSON as {_short(copy)}; {COMES_BACK}")

    def decode(self, data: Json) -> T:
        """The typed value of stored JSON. Raises `WrongType`."""
        return self.decode_text(json.dumps(data))

    def decode_text(self, text: str) -> T:
        """Like `decode`, from JSON text."""
        try:
            return self._adapter.validate_json(text, by_alias=True, by_name=True)
        except ValidationError as error:
            raise WrongType(f"{self._place}: {explain(error)}") from error

    def schema(self) -> Json:
        """The type's JSON Schema."""
        schema: Json = self._adapter.json_schema()
        return schema


def encode_untyped(value: object, place: str) -> Json:
    """JSON of a value whose type was not declared, for others to read: models by their aliases, dates as ISO 8601.
    Raises `WrongType`."""
    return _encode(value, place, for_others=True)


def encode_remembered(value: object, place: str) -> Json:
    """Like `encode_untyped`, where skills read it by a declared type: models by their fields' names, and they come back
    as they were. Raises `WrongType`."""
    for model in _models_in(value):
        Codec(type(model), place).encode(model)
    return _encode(value, place, for_others=False)


def _encode(value: object, place: str, *, for_others: bool) -> Json:
    adapter: TypeAdapter[object] = TypeAdapter(Any)
    refuse_unjsonable(adapter.dump_python(value, warnings=False), place)
    try:
        encoded: Json = to_jsonable_python(value, by_alias=for_others, round_trip=not for_others)
    except ValueError as error:
        raise WrongType(f"{place}: JSON cannot hold {type(value).__name__}: {error}") from error
    return encoded


def _models_in(value: object) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _models_in(item)


def _came_back(value: object, copy: object) -> bool:
    """Whether the copy is of the same classes, with the fields that JSON leaves out: what has the same JSON may differ
    in no more than a tuple that is a list now, where the annotation does not tell them apart."""
    match value, copy:
        case BaseModel(), BaseModel():
            return type(value) is type(copy) and all(
                _came_back(getattr(value, name), getattr(copy, name)) for name in type(value).model_fields
            )
        case (list() | tuple(), list() | tuple()):
            return len(value) == len(copy) and all(map(_came_back, value, copy))
        case dict(), dict():
            return len(value) == len(copy) and all(map(_came_back, value.values(), copy.values()))
    return value == copy or _plain(value) == _plain(copy)


def _plain(value: object) -> Json:
    plain: Json = to_jsonable_python(
        value, by_alias=False, round_trip=True, fallback=lambda unknown: type(unknown).__name__
    )
    return plain


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
        _refuse_lost_keys(value, place)
        for key, item in value.items():
            refuse_unjsonable(key, place)
            refuse_unjsonable(item, place)
    elif isinstance(value, list | tuple):
        for item in value:
            refuse_unjsonable(item, place)


def _refuse_lost_keys(value: dict[Any, Any], place: str) -> None:
    if all(isinstance(key, str) for key in value):
        return
    if any(isinstance(key, tuple) for key in value):
        raise WrongType(f"{place}: JSON cannot hold a key that is a tuple; use a list of models, or text as the key")
    if len(_plain(dict.fromkeys(value))) != len(value):  # type: ignore[arg-type]  # a dict's is a dict
        raise WrongType(f"{place}: JSON cannot hold two keys that are written alike, as 1 and '1' are")


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
        faults.append(f"{path + ': ' if path else ''}{fault['msg']}, got {_short(fault['input'])}")
    more = error.error_count() - len(faults)
    return "; ".join(faults) + (f"; and {more} more" if more > 0 else "")


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else shown[:77] + "..."
