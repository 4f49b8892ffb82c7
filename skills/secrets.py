"""`secret("NAME")`: a value that a step uses without ever having it. The gateway puts it into the request."""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal, NoReturn

from skills.errors import Misdeclared
from skills.wire import Base64Part, Json, Part, SecretPart


class Secret:
    """Stands for the value of the secret `name`, where `http` sends something. There is no way to read it."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f'secret("{self.name}")'

    def __str__(self) -> NoReturn:
        raise Misdeclared(
            f"{self!r} has no text: its value never gets here. Pass it as it is: http.get(url, bearer={self!r}), "
            f"or as a value in headers=, params=, json= or data="
        )

    def __format__(self, spec: str) -> NoReturn:
        str(self)
        raise AssertionError

    def __reduce__(self) -> NoReturn:
        raise Misdeclared(f"{self!r} can't be stored. Write it where it is used.")


def secret(name: str) -> Secret:
    """The secret that a person has stored by `tend secret set NAME`, declared in @skill(secrets=["NAME"])."""
    return Secret(name)


class Placeholders:
    """Holds places in texts that are still to be escaped or joined; `parts` then cuts them there. Nothing that the
    skill got from elsewhere can pass for one: they are drawn by chance, and are gone once the text is cut."""

    def __init__(self) -> None:
        self._mark = secrets.token_hex(16)
        self._parts: list[Part] = []

    def place(self, secret: Secret, escaped_for: Literal["nothing", "url", "json"]) -> str:
        return self.place_part(SecretPart(secret=secret.name, escaped_for=escaped_for))

    def place_part(self, part: Part) -> str:
        self._parts.append(part)
        return f"{self._mark}{len(self._parts) - 1:06d}"

    def in_json(self, value: Any) -> Any:
        """The value with a place for each secret in its lists and dicts."""
        if isinstance(value, Secret):
            return self.place(value, "json")
        if isinstance(value, dict):
            return {name: self.in_json(item) for name, item in value.items()}
        return [self.in_json(item) for item in value] if isinstance(value, list | tuple) else value

    def parts(self, text: str) -> Json:
        """The text as it is, where no place is in it; else a list of texts and parts."""
        pieces = re.split(f"{self._mark}([0-9]{{6}})", text)
        if len(pieces) == 1:
            return text
        cut = [piece if at % 2 == 0 else self._parts[int(piece)] for at, piece in enumerate(pieces)]
        return [part if isinstance(part, str) else part.model_dump(mode="json") for part in cut if part != ""]


def shown(text: Any) -> str:
    """What `parts` gave, with `[secret NAME]` in the place of each."""
    if isinstance(text, str):
        return text
    return "".join(
        part if isinstance(part, str) else f"[secret {part['secret']}]" if "secret" in part else shown(part["base64"])
        for part in text
    )


def names_in(text: Any) -> frozenset[str]:
    """Of the secrets that `parts` has left places for."""
    parts = [] if isinstance(text, str) else [part for part in text if not isinstance(part, str)]
    return frozenset(
        name for part in parts for name in ([part["secret"]] if "secret" in part else names_in(part["base64"]))
    )


class Basic:
    """A user and password for `auth=`."""

    def __init__(self, user: str | Secret, password: str | Secret) -> None:
        self.part = Base64Part(base64=(_part(user), ":", _part(password)))


def _part(value: str | Secret) -> str | SecretPart:
    return SecretPart(secret=value.name) if isinstance(value, Secret) else value
