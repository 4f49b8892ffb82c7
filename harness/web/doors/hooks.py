"""Which webhooks there are, and the keys that they are signed with: a file for each, in the store's folder."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from harness.web.doors.signatures import SCHEMES, SchemeName
from sidecar.client.private_file import read_private, write_private
from skills.wire import HOOKS, is_hook_name

OLD_KEYS_WITHIN = 86_400.0  # seconds that a key is still good for, after another has taken its place
KEYS_AT_MOST = 5


class NotADoor(Exception):
    """A name or key that can't be kept; the message says why."""


class Key(BaseModel):
    model_config = ConfigDict(frozen=True)

    value: str
    until: float | None = None  # seconds since 1970; None: it is the newest


class Hook(BaseModel):
    model_config = ConfigDict(frozen=True)

    name: str
    scheme: SchemeName
    keys: tuple[Key, ...]  # the newest last

    @property
    def event(self) -> str:
        return f"{HOOKS}{self.name}"

    def good_keys(self, now: float) -> list[str]:
        return [key.value for key in self.keys if key.until is None or key.until > now]


class Hooks:
    def __init__(self, store: Path) -> None:
        self._folder = store / "web" / "hooks"
        self._read: dict[str, tuple[object, Hook]] = {}  # name → what the file was like, and what it says

    def all(self) -> list[Hook]:
        names = sorted(file.name for file in self._folder.glob("*") if is_hook_name(file.name))
        return [hook for hook in map(self.find, names) if hook is not None]

    def find(self, name: str) -> Hook | None:
        if not is_hook_name(name):
            return None
        file = self._folder / name
        try:
            found = file.stat()
        except FileNotFoundError:
            return None
        state = (found.st_ino, found.st_mtime_ns, found.st_mode)
        if name not in self._read or self._read[name][0] != state:
            text = read_private(file)
            if text is None:
                return None
            self._read[name] = (state, Hook.model_validate_json(text))
        return self._read[name][1]

    def add(self, name: str, scheme: SchemeName, key: str | None = None) -> Hook:
        """With a key of its own, or one that the sender has given out."""
        if not is_hook_name(name):
            raise NotADoor(f"{name!r} is no name of a webhook: up to 64 small letters, digits, '_' and '-'.")
        if self.find(name):
            raise NotADoor(f"There is a webhook {name} already. A new key for it: tend hook rotate {name}")
        return self._keep(Hook(name=name, scheme=scheme, keys=()), key)

    def rotate(self, name: str, key: str | None = None) -> Hook:
        """A new key; the old ones are good for another day."""
        found = self.find(name)
        if found is None:
            raise NotADoor(f"There is no webhook {name!r}. See: tend hook list")
        now = time.time()
        old = [Key(value=each.value, until=each.until or now + OLD_KEYS_WITHIN) for each in found.keys]
        good = set(found.good_keys(now))
        kept = tuple(each for each in old if each.value in good)[1 - KEYS_AT_MOST :]
        return self._keep(found.model_copy(update={"keys": kept}), key)

    def remove(self, name: str) -> bool:
        """Whether there was one."""
        if self.find(name) is None:
            return False
        (self._folder / name).unlink()
        return True

    def _keep(self, hook: Hook, key: str | None) -> Hook:
        scheme = SCHEMES[hook.scheme]
        value = key or scheme.new_key()
        try:
            scheme.require_key(value)
        except ValueError as error:
            raise NotADoor(str(error)) from error
        kept = hook.model_copy(update={"keys": (*hook.keys, Key(value=value))})
        write_private(self._folder / hook.name, kept.model_dump_json())
        return kept
