"""A value is stored as JSON by its declared type, or refused with its type's name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from skills import Misdeclared, WrongType
from skills.values import Codec, encode_untyped


class Price(BaseModel):
    amount: Decimal
    on: date


@pytest.mark.parametrize(
    ("form", "value", "stored"),
    [
        (int, 3, 3),
        (float, 0.1, 0.1),
        (str | None, None, None),
        (tuple[int, str], (1, "a"), [1, "a"]),
        (dict[int, list[bool]], {1: [True]}, {"1": [True]}),
        (timedelta, timedelta(minutes=90), "PT1H30M"),
        (datetime, datetime(2027, 1, 1, tzinfo=UTC), "2027-01-01T00:00:00Z"),
        (
            list[Price],
            [Price(amount=Decimal("1.10"), on=date(2027, 1, 1))],
            [{"amount": "1.10", "on": "2027-01-01"}],
        ),
        (Literal["a"], "a", "a"),
    ],
)
def test_a_value_comes_back_as_what_it_was(form: Any, value: object, stored: object) -> None:
    codec: Codec[Any] = Codec(form, "x")
    encoded = codec.encode(value)
    assert encoded == stored
    assert codec.decode(encoded) == value
    assert type(codec.decode(encoded)) is type(value)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (b"x", "bytes"),
        ([{1, 2}], "set"),
        ({"a": float("nan")}, "nan"),
        (float("inf"), "inf"),
        (3j, "complex"),
        ("\ud800", "Unicode"),
        ((frozenset(),), "frozenset"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_name(value: object, named: str) -> None:
    codec: Codec[Any] = Codec(Any, "result of 'fetch'")
    for refuse in (codec.encode, lambda it: encode_untyped(it, "result of 'fetch'")):
        with pytest.raises(WrongType, match="result of 'fetch'") as refused:
            refuse(value)
        assert named in str(refused.value)


def test_a_wrong_type_is_not_converted() -> None:
    with pytest.raises(WrongType, match=r"argument 'n'.*valid integer, got '5'"):
        Codec(int, "argument 'n'").encode("5")  # type: ignore[arg-type]  # the mistake


def test_bytes_hidden_in_a_model_are_found() -> None:
    class Page(BaseModel):
        body: bytes

    with pytest.raises(WrongType, match="bytes"):
        Codec(Page, "result").encode(Page(body=b"x"))


def test_a_type_that_is_no_json_is_a_wrong_declaration() -> None:
    class Plain:
        pass

    with pytest.raises(Misdeclared, match="not a type that JSON can hold"):
        Codec(Plain, "x")
