"""A value is stored as JSON by its declared type, or refused with its type's name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, SecretStr, computed_field

from skills import Misdeclared, WrongType
from skills.values import Codec, encode_remembered, encode_untyped
from tests.skills.models import Cents, Renamed


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


class RenamedOnTheWayIn(BaseModel):
    order_id: str = Field(validation_alias=AliasChoices("orderId", "id"))


class Sum(BaseModel, extra="forbid"):
    cents: int

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def euros(self) -> float:
        return self.cents / 100


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        (Renamed(orderId="A7"), {"order_id": "A7"}),
        (RenamedOnTheWayIn.model_validate({"id": "A7"}), {"order_id": "A7"}),
        (Sum(cents=150), {"cents": 150}),
    ],
)
def test_a_model_with_other_names_outside_comes_back(value: BaseModel, stored: object) -> None:
    codec: Codec[Any] = Codec(type(value), "x")
    assert codec.encode(value) == stored == encode_remembered(value, "x")
    assert codec.decode(stored) == value


def test_what_was_stored_or_sent_by_its_alias_is_read_too() -> None:
    assert Codec(Renamed, "x").decode({"orderId": "A7"}).order_id == "A7"
    assert encode_untyped(Renamed(orderId="A7"), "json") == {"orderId": "A7"}  # as others want it


class Hidden(BaseModel):
    shown: int
    hidden: int = Field(default=0, exclude=True)


class Animal(BaseModel):
    name: str


class Dog(Animal):
    tricks: list[str]


class Cat(Animal):
    pass


class Twin(Animal):
    pass


@pytest.mark.parametrize(
    ("form", "value", "named"),
    [
        (Cents, Cents.model_validate({"cents": "1.5"}), "cents=15000"),
        (list[Cents], [Cents.model_validate({"cents": "1.5"})], "cents=15000"),
        (Annotated[int, BeforeValidator(lambda euros: euros * 100)], 2, "20000"),
        (Hidden, Hidden(shown=1, hidden=2), "hidden=0"),
        (list[Animal], [Dog(name="Rex", tricks=["sit"])], "Animal"),
        (list[Cat | Twin], [Twin(name="Tom")], "Cat"),
        (dict[tuple[int, int], int], {(1, 2): 3}, "a key that is a tuple"),
        (SecretStr, SecretStr("x"), "SecretStr"),
    ],
)
def test_what_would_not_come_back_as_it_was_is_refused(form: Any, value: object, named: str) -> None:
    with pytest.raises(WrongType, match="result of 'fetch'") as refused:
        Codec(form, "result of 'fetch'").encode(value)
    assert named in str(refused.value)


@pytest.mark.parametrize("around", [lambda it: it, lambda it: [it], lambda it: {"a": (it,)}])
def test_a_model_is_refused_as_state_too_where_it_would_not_come_back(around: Callable[[BaseModel], object]) -> None:
    with pytest.raises(WrongType, match="cents=15000"):
        encode_remembered(around(Cents.model_validate({"cents": "1.5"})), "state 'x'")


def test_where_anything_may_stand_a_value_comes_back_as_its_json() -> None:
    price = Price(amount=Decimal("1.10"), on=date(2027, 1, 1))
    codec = Codec(dict[str, Any], "x")
    encoded = codec.encode({"a": (1, 2), "b": price, "c": date(2027, 1, 1), "d": {1: price}})
    assert codec.decode(encoded) == {
        "a": [1, 2],
        "b": {"amount": "1.10", "on": "2027-01-01"},
        "c": "2027-01-01",
        "d": {"1": {"amount": "1.10", "on": "2027-01-01"}},
    }


def test_a_plain_value_is_not_read_back() -> None:
    read: list[object] = []

    def look(value: object) -> object:
        read.append(value)
        return value

    codec: Codec[Any] = Codec(Annotated[list[int], BeforeValidator(look)], "x")
    assert codec.encode([1, 2]) == [1, 2]
    assert read == [[1, 2]]


def test_two_keys_that_are_one_in_json_are_refused() -> None:
    for refuse in (Codec(dict[Any, str], "x").encode, lambda it: encode_untyped(it, "x")):
        with pytest.raises(WrongType, match="x: JSON cannot hold two keys that are written alike"):
            refuse({1: "a", "1": "b"})
