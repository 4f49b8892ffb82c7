"""The ways in which a secret's value may be written down.

    plain      each character as itself, or escaped for a url, for JSON, for HTML, or for two of these in turn
    base64     at each of the three places where the value may begin, by the usual alphabet and by that for urls; each
               character escaped like a plain one, in one line or in several
    hex        in small or in capital letters
    UTF-16     in both orders of bytes

Not: reversed, encrypted, hashed, or in pieces. A server that was given the value can always hand it back in a way that
nobody looks for; this finds what an echo, a page or an error message makes of it.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from urllib.parse import quote

LINE_BREAK = b"(?:\r?\n)?"
OF_BASE64 = b"[A-Za-z0-9+/_-]"


@dataclass(frozen=True)
class Form:
    """One way of writing the value: for each of its characters what may stand for it, the longest first. `before` and
    `after` are neighbours that hold some of the value's bits too."""

    characters: tuple[tuple[bytes, ...], ...]
    hints: tuple[bytes, ...]  # one of them is in every text that has this form: quicker to look for than the pattern
    breaks: bool = False
    before: bytes = b""
    after: bytes = b""

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        each = [b"(?:" + b"|".join(map(re.escape, ways)) + b")" for ways in self.characters]
        return re.compile(self.before + (LINE_BREAK if self.breaks else b"").join(each) + self.after)

    @cached_property
    def longest(self) -> int:
        return sum(len(ways[0]) for ways in self.characters)

    def begins_in(self, rest: bytes) -> bool:
        """Whether `rest`, all of it, is the beginning of this form and no more than that."""
        for ways in self.characters:
            if any(way.startswith(rest) and way != rest for way in ways):
                return True
            way = next((way for way in ways if rest.startswith(way)), None)
            if way is None:
                return False
            rest = rest[len(way) :]
        return False


def forms(value: str) -> Iterator[Form]:
    run = max(re.findall("[A-Za-z0-9]+", value) or [value], key=len)
    yield Form(tuple(map(_escaped, value)), tuple({run.encode(), *(way.encode() for way in _whole_escapes(run))}))
    yield from _base64(value.encode())
    for digits in (value.encode().hex(), value.encode().hex().upper()):
        yield Form(tuple((digit.encode(),) for digit in digits), (digits.encode(),))
    for order in ("utf-16-le", "utf-16-be"):
        yield Form(tuple((character.encode(order),) for character in value), (value.encode(order),))


@cache
def _escaped(character: str) -> tuple[bytes, ...]:
    """Twice for two kinds of text in turn, such as JSON in a url; letters and digits are escaped once, if at all."""
    once = {character, *_escapes(character)}
    twice = once if character.isascii() and character.isalnum() else set(_combined(once))
    return tuple(sorted({way.encode() for way in once | twice}, key=len, reverse=True))


def _combined(once: set[str]) -> Iterator[str]:
    for way in once:
        for escape in (_percent, _quote, _json, html.escape):
            yield escape(way)
            yield escape(way).replace("%", "%25")
        yield from (_percent(way).lower(), _quote(way).lower())


def _escapes(character: str) -> Iterator[str]:
    """Of one character, for one kind of text."""
    yield from _whole_escapes(character)
    yield from (_json(character), html.escape(character, quote=False), html.escape(character))
    yield {"'": "&apos;", " ": "+", "/": "\\/"}.get(character, character)
    if not character.isalnum():
        yield "%25" + _percent(character)[1:]


def _whole_escapes(text: str) -> Iterator[str]:
    """Those that escape every character, letters and digits too."""
    yield from (_percent(text), _percent(text).lower())
    for number in ("\\u{:04x}", "\\u{:04X}", "&#x{:x};", "&#x{:X};", "&#{};"):
        yield "".join(number.format(ord(character)) for character in text)


def _percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


def _quote(text: str) -> str:
    """As a url's escapes are made: letters and digits stay."""
    return quote(text, safe="")


def _json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _base64(value: bytes) -> Iterator[Form]:
    for begins_at in range(3):
        written = base64.b64encode(bytes(begins_at) + value).rstrip(b"=").decode()
        skipped = (0, 2, 3)[begins_at]  # characters that hold bits of what stands before
        ends_inside = (begins_at + len(value)) % 3 != 0
        core = written[skipped : -1 if ends_inside else None]
        yield Form(
            tuple(map(_of_either_alphabet, core)),
            (max(re.findall("[A-Za-z0-9]+", core) or [core], key=len).encode(),),
            breaks=True,
            before=OF_BASE64 + b"?" if skipped else b"",
            after=OF_BASE64 + b"?" if ends_inside else b"",
        )


def _of_either_alphabet(character: str) -> tuple[bytes, ...]:
    other = {"+": "-", "/": "_"}.get(character)
    ways = {*_escaped(character), *(_escaped(other) if other else ())}
    return tuple(sorted(ways, key=len, reverse=True))
