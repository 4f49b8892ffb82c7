"""Whether a webhook is its sender's: one class for each way of signing.

    standard  https://www.standardwebhooks.com: HMAC-SHA256 over "id.timestamp.body"; late and early ones are refused
    github    X-Hub-Signature-256: HMAC-SHA256 over the body alone, which says neither when nor which it is

What comes out is the message's id, as far as the signature vouches for it: a repeated message is the same event.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from harness.web.doors.not_accepted import NotAccepted

SchemeName: TypeAlias = Literal["standard", "github"]

TOLERANCE = 300  # seconds that a sender's clock may differ from ours, and that a message may take
SHORTEST = 24  # bytes of a key: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec
ID_AT_MOST = 256  # characters
SIGNATURES_AT_MOST = 20


class Scheme(Protocol):
    def new_key(self) -> str: ...

    def require_key(self, key: str) -> None:
        """Raises ValueError with the reason."""
        ...

    def verify(self, keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The message's id. `headers` have small letters. Raises NotAccepted."""
        ...


class Standard:
    PREFIX = "whsec_"

    def new_key(self) -> str:
        return self.PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()

    def require_key(self, key: str) -> None:
        if not key.startswith(self.PREFIX):
            raise ValueError(f"The key does not begin with {self.PREFIX}: what the sender shows is {self.PREFIX}….")
        try:
            found = self._bytes(key)
        except binascii.Error as error:
            raise ValueError(f"After {self.PREFIX} the key is base64; this is not: {error}.") from error
        if len(found) < SHORTEST:
            raise ValueError(f"The key has {len(found)} bytes; {SHORTEST} is the least.")

    def verify(self, keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str:
        message = _header(headers, "webhook-id")
        timestamp = _header(headers, "webhook-timestamp")
        given = _header(headers, "webhook-signature")
        if len(message) > ID_AT_MOST or not message.isprintable() or not message.isascii():
            raise NotAccepted("bad_header", f"webhook-id is printable ASCII, {ID_AT_MOST} characters at most", 400)
        if not (timestamp.isdecimal() and timestamp.isascii() and len(timestamp) < 12):
            raise NotAccepted("bad_header", "webhook-timestamp is a whole number of seconds since 1970", 400)
        signed = f"{message}.{timestamp}.".encode() + body
        _require_match((hmac.digest(self._bytes(key), signed, hashlib.sha256) for key in keys), self._signatures(given))
        off = now - int(timestamp)
        if abs(off) > TOLERANCE:
            told = f"{abs(off):,.0f} s {'ago' if off > 0 else 'ahead'}; {TOLERANCE} s is the most"
            raise NotAccepted("too_late" if off > 0 else "too_early", f"the message was signed {told}", 400)
        return message

    @classmethod
    def _bytes(cls, key: str) -> bytes:
        return base64.b64decode(key.removeprefix(cls.PREFIX), validate=True)

    @staticmethod
    def _signatures(given: str) -> list[bytes]:
        """Of version 1: others are for receivers who know them."""
        found = []
        for one in given.split()[:SIGNATURES_AT_MOST]:
            version, _, text = one.partition(",")
            if version == "v1":
                try:
                    found.append(base64.b64decode(text, validate=True))
                except (binascii.Error, ValueError):
                    continue
        return found


class GitHub:
    """A delivery's id stands outside of what is signed, and so does its time: the event is known by its signature, so
    that the same body again is the same event, whatever id it comes with."""

    def new_key(self) -> str:
        return secrets.token_urlsafe(32)

    def require_key(self, key: str) -> None:
        if len(key.encode()) < SHORTEST:
            raise ValueError(f"The key has {len(key.encode())} bytes; {SHORTEST} is the least.")

    def verify(self, keys: Sequence[str], headers: Mapping[str, str], body: bytes, now: float) -> str:  # noqa: ARG002 # there is no time in it
        given = _header(headers, "x-hub-signature-256")
        try:
            signature = bytes.fromhex(given.removeprefix("sha256="))
        except ValueError as error:
            raise NotAccepted("bad_header", "x-hub-signature-256 is sha256= and hexadecimal digits", 400) from error
        _require_match((hmac.digest(key.encode(), body, hashlib.sha256) for key in keys), [signature])
        return f"sha256 {hashlib.sha256(body).hexdigest()}"


SCHEMES: Mapping[SchemeName, Scheme] = {"standard": Standard(), "github": GitHub()}


def _header(headers: Mapping[str, str], name: str) -> str:
    found = headers.get(name)
    if not found:
        raise NotAccepted("bad_header", f"the header {name} is missing", 400)
    return found


def _require_match(expected: Iterable[bytes], given: Sequence[bytes]) -> None:
    """In a time that does not tell how much of a signature is right."""
    if not any(hmac.compare_digest(one, other) for one in expected for other in given):
        raise NotAccepted("bad_signature", "no signature fits: is the sender's key this webhook's?")
