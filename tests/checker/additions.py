"""Code that a skill or helper may have besides, correct by itself: the corners of the type system, in small."""

from __future__ import annotations

# Modules of the standard library that skills seldom use, each with an expression that does.
OUTSIDE_THE_GRAPH = [
    ("ast", "ast.literal_eval('3')"),
    ("bisect", "bisect.bisect([1, 2], 1)"),
    ("calendar", "calendar.monthrange(2026, 2)"),
    ("cmath", "cmath.phase(1j)"),
    ("colorsys", "colorsys.rgb_to_hls(1, 0, 0)"),
    ("configparser", "configparser.ConfigParser()"),
    ("copy", "copy.copy([1])"),
    ("graphlib", "graphlib.TopologicalSorter({'a': ['b']})"),
    ("heapq", "heapq.nsmallest(1, [3])"),
    ("ipaddress", "ipaddress.ip_address('::1')"),
    ("numbers", "isinstance(3, numbers.Number)"),
    ("pprint", "pprint.pformat({})"),
    ("shlex", "shlex.split('a b')"),
    ("struct", "struct.calcsize('ii')"),
    ("urllib.robotparser", "urllib.robotparser.RobotFileParser()"),
    ("wsgiref.util", "wsgiref.util.is_hop_by_hop('te')"),
    ("xml.dom.minidom", "xml.dom.minidom.parseString('<a/>')"),
    ("zlib", "zlib.crc32(b'')"),
]

ADDITIONS = {
    "abstract": '''
from abc import ABC, abstractmethod

class Shape(ABC):
    @abstractmethod
    def area(self) -> float: ...

class Square(Shape):
    def __init__(self, side: float) -> None:
        self.side = side

    def area(self) -> float:
        return self.side ** 2

def area_of(shape: Shape = Square(2)) -> float:
    return shape.area()
''',
    "dataclass": '''
from dataclasses import dataclass, field

@dataclass(frozen=True, order=True, slots=True)
class Point:
    x: int
    y: int = 0
    tags: tuple[str, ...] = field(default=(), compare=False)

def moved(point: Point, by: int) -> Point:
    return Point(point.x + by, point.y, point.tags)
''',
    "enumeration": '''
from enum import Enum
from typing import assert_never

class Colour(Enum):
    RED = "red"
    BLUE = "blue"

def spoken(colour: Colour) -> str:
    match colour:
        case Colour.RED:
            return "warm"
        case Colour.BLUE:
            return "cold"
        case _:
            assert_never(colour)
''',
    "generic": '''
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

V = TypeVar("V")

class Box(Generic[V]):
    def __init__(self, content: V) -> None:
        self.content = content

    def map(self, function: Callable[[V], V]) -> "Box[V]":
        return Box(function(self.content))

def first(values: Iterable[V], default: V) -> V:
    return next(iter(values), default)
''',
    "model": '''
from decimal import Decimal
from pydantic import BaseModel, ConfigDict, Field, field_validator

class Order(BaseModel):
    model_config = ConfigDict(frozen=True)
    number: int = Field(gt=0)
    total: Decimal = Decimal(0)
    notes: list[str] = Field(default_factory=list)

    @field_validator("notes")
    @classmethod
    def not_too_many(cls, notes: list[str]) -> list[str]:
        return notes[:10]

def total_of(orders: list[Order]) -> Decimal:
    return sum((order.total for order in orders), Decimal(0))
''',
    "overload": '''
from typing import overload

@overload
def doubled(value: int) -> int: ...
@overload
def doubled(value: str) -> str: ...
def doubled(value: int | str) -> int | str:
    return value * 2

def both() -> tuple[int, str]:
    return doubled(3), doubled("a")
''',
    "paramspec": '''
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Q = ParamSpec("Q")
W = TypeVar("W")

def loud(function: Callable[Q, W]) -> Callable[Q, W]:
    @wraps(function)
    def inner(*args: Q.args, **kwargs: Q.kwargs) -> W:
        return function(*args, **kwargs)
    return inner

@loud
def whisper(text: str, times: int = 1) -> str:
    return text * times

def heard() -> str:
    return whisper("psst", times=2)
''',
    "protocol": '''
from typing import Protocol, runtime_checkable

@runtime_checkable
class Named(Protocol):
    @property
    def name(self) -> str: ...

class Cat:
    name = "Tom"

def greet(named: Named) -> str:
    return f"Hello {named.name}"

def greet_cat() -> str:
    return greet(Cat())
''',
    "recursive": '''
from typing import TypeAlias, Union

Nested: TypeAlias = Union[int, list["Nested"]]

def depth(value: Nested) -> int:
    return 0 if isinstance(value, int) else 1 + max((depth(each) for each in value), default=0)
''',
    "standard": '''
import collections
import itertools
import json
import re
import statistics
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache, partial
from pathlib import PurePosixPath

@lru_cache
def words_of(text: str) -> tuple[str, ...]:
    return tuple(match[0] for match in re.finditer(r"\\w+", text))

def summary(text: str, day: date = date(2026, 1, 1)) -> str:
    counted = collections.Counter(words_of(text))
    pairs = list(itertools.pairwise(sorted(counted)))
    later = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
    shout = partial(str.upper)
    return json.dumps([shout(text), str(later), len(pairs), statistics.fmean([1, 2]), PurePosixPath("a").stem])
''',
    "typed_dict": '''
from typing import Literal, NamedTuple, NotRequired, TypedDict

class Movie(TypedDict):
    name: str
    year: NotRequired[int]

class Score(NamedTuple):
    movie: str
    stars: Literal[1, 2, 3]

def rated(movie: Movie) -> Score:
    return Score(movie["name"], 3 if movie.get("year", 0) > 2000 else 1)
''',
}  # fmt: skip
