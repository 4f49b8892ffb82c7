"""Puts `[secret NAME]` in the place of every secret's value, however it is written (`written.py`)."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from sidecar.gateway.errors import TooLarge
from sidecar.gateway.written import Form, forms
from skills.wire import Json

UNPACKED_AT_MOST = 32 * 1024 * 1024  # bytes
PIECE = 16 * 1024  # bytes that are unpacked at once
GZIP, ZLIB = 31, 15  # zlib's window sizes that stand for each


class Redactor:
    """For the names and values of one moment; several values may have one name. Longer ones go first: a value may be
    part of another."""

    def __init__(self, values: Iterable[tuple[str, str]]) -> None:
        longest_first = sorted(values, key=lambda item: len(item[1]), reverse=True)
        self._forms = [(f"[secret {name}]".encode(), form) for name, value in longest_first for form in forms(value)]

    def clean(self, content: bytes) -> bytes:
        """A body: what is packed with gzip or zlib is looked at unpacked, and packed again if there was something."""
        window = _packed(content) if self._forms else None
        unpacked, rest = _unpacked(content, window) if window else (b"", content)
        cleaned = self._clean(unpacked)
        if cleaned == unpacked:
            return self._clean(content)
        return (gzip.compress(cleaned) if window == GZIP else zlib.compress(cleaned)) + self._clean(rest)

    def text(self, text: str) -> str:
        content = text.encode("utf-8", "surrogatepass")
        return self._clean(content).decode("utf-8", "surrogatepass") if self._forms else text

    def json(self, value: Any) -> Any:
        """Every text in it, names included."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self.json(item) for name, item in value.items()}
            case list() | tuple():
                return [self.json(item) for item in value]
            case _:
                return value

    def stream(self) -> RedactedStream:
        return RedactedStream(self, [form for _, form in self._forms])

    def _clean(self, content: bytes) -> bytes:
        whole = content.translate(None, b"\r\n") if b"\n" in content else content
        for mark, form in self._forms:
            if any(hint in whole for hint in form.hints):
                content = form.pattern.sub(mark, content)
        return content


class RedactedStream:
    """A text that comes in pieces: a piece is held back as long as a secret may begin in it."""

    def __init__(self, redactor: Redactor, wanted: list[Form]) -> None:
        self._redactor = redactor
        self._forms = wanted
        self._held = ""
        self._longest = max((form.longest for form in wanted), default=0)

    def feed(self, piece: str) -> str:
        text = self._redactor.text(self._held + piece)
        end = range(max(0, len(text) - self._longest), len(text))
        kept = next((at for at in end if self._may_begin(text[at:])), len(text))
        self._held = text[kept:]
        return text[:kept]

    def end(self) -> str:
        held, self._held = self._held, ""
        return held

    def _may_begin(self, rest: str) -> bool:
        content = rest.encode("utf-8", "surrogatepass")
        return any(form.begins_in(content) for form in self._forms)


class RedactedEvents:
    """What happens while the model answers, told on with its text redacted. `end` tells what is held back."""

    def __init__(self, redactor: Redactor, tell: Callable[[Json], None]) -> None:
        self._redactor = redactor
        self._stream = redactor.stream()
        self._tell = tell

    def tell(self, event: Json) -> None:
        if isinstance(event, dict) and event.get("type") == "text":
            self._say(self._stream.feed(str(event["text"])))
            return
        held = self._stream.end()
        if not (isinstance(event, dict) and event.get("type") == "retry"):  # then the text begins again
            self._say(held)
        self._tell(self._redactor.json(event))

    def end(self) -> None:
        self._say(self._stream.end())

    def _say(self, text: str) -> None:
        if text:
            self._tell({"type": "text", "text": text})


def _packed(content: bytes) -> int | None:
    """The window size by which zlib knows how it is packed."""
    if content.startswith(b"\x1f\x8b"):
        return GZIP
    return ZLIB if content[:1] == b"\x78" and content[1:2] in (b"\x01", b"\x5e", b"\x9c", b"\xda") else None


def _unpacked(content: bytes, window: int) -> tuple[bytes, bytes]:
    """And what is left, from where it is no longer packed."""
    unpacked, at = bytearray(), 0
    unpacking = zlib.decompressobj(window)
    with contextlib.suppress(zlib.error):
        while piece := content[at : at + PIECE]:
            unpacked += unpacking.decompress(piece, UNPACKED_AT_MOST - len(unpacked) + 1)
            if len(unpacked) > UNPACKED_AT_MOST:
                raise TooLarge(
                    f"The reply is packed and has more than {UNPACKED_AT_MOST:,} bytes unpacked, too many to look for "
                    "secrets in. Ask for less: a page, a range, a narrower query."
                )
            at += len(piece) - len(unpacking.unused_data)
            if unpacking.eof:  # another may follow
                unpacking = zlib.decompressobj(window)
    return bytes(unpacked), content[at:]
