"""Which field of a payload a function such as `lambda order: order.customer` names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from skills.errors import Misdeclared


@dataclass(frozen=True)
class _Field:
    name: str


class _AnyPayload:
    """Stands for a payload that has not come yet: each of its fields is there."""

    def __getattr__(self, name: str) -> _Field:
        return _Field(name)


def one_field(key: Callable[[Any], object]) -> str:
    """Raises `Misdeclared` where `key` does anything else than to name a field."""
    try:
        named = key(_AnyPayload())
    except Exception:  # noqa: BLE001 - whatever it does to a field that is no value yet
        named = None
    if not isinstance(named, _Field):
        raise Misdeclared("key= names one field of the payload, as it is: key=lambda order: order.customer")
    return named.name
