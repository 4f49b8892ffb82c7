"""What the sidecar takes of what a run asks of it. A rehearsal takes no more and no less: both check by these."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, Field

from skills.wire import HOOKS, Json, OnExpiry, is_event_name

WAIT_AT_MOST = 366 * 86400.0  # seconds
FILE_AT_MOST = 1024 * 1024  # bytes of one file

# What a skill must not even read: the store, and the settings, in which a key may stand.
UNREADABLE = (".tend", "tend.toml")
# What a skill must not write: the sources and the agent's own memory, too.
PROTECTED = ("skills", "lib", "memory", *UNREADABLE, "SOUL.md", "USER.md", "MEMORY.md")


class Sleep(BaseModel):
    seconds: float = Field(ge=0, le=WAIT_AT_MOST)


class Call(BaseModel):
    """The irreversible step that a yes is for."""

    step: str
    arguments: Json


class Approve(BaseModel):
    question: str
    expires_in: float | None = Field(default=None, gt=0, le=WAIT_AT_MOST)
    on_expiry: OnExpiry = "no"
    call: Call | None = None


class Notify(BaseModel):
    target: str
    text: str = Field(max_length=20_000)


class Emit(BaseModel):
    name: str
    payload: Json = None
    id: str | None = Field(default=None, min_length=1, max_length=200)


class WaitFor(BaseModel):
    """An event of this name; with `field`, one whose payload has this value there."""

    name: str
    seconds: float = Field(gt=0, le=WAIT_AT_MOST)
    field: str | None = None
    equals: str | int | None = None


def event_fault(name: str, *, own: bool) -> str | None:
    """Why there is no event of this name, or with `own`, why neither a person nor a skill may emit it: whoever listens
    to a webhook relies on its signature."""
    if not is_event_name(name):
        return f"{name!r} is no event's name; it is up to 100 letters, digits, '.', '_' and '-'"
    if own and name.startswith(HOOKS):
        return f"{name!r} is a webhook's: nobody emits it but who has its key. Choose a name without {HOOKS!r}"
    return None


def is_declared(path: str, globs: Sequence[str]) -> bool:
    """Whether `reads=` or `writes=` has a glob for it, by which `files.list` would find it."""
    parts = PurePosixPath(path).parts
    return ".." not in parts and any(_leads_to(PurePosixPath(_files(glob)).parts, parts) for glob in globs)


def paths_found(folder: Path, pattern: str) -> list[Path]:
    """In their order."""
    return sorted(folder.glob(_files(pattern)))


def _files(pattern: str) -> str:
    """`**` at the end finds all that is below, where Python before 3.13 finds folders alone."""
    return f"{pattern}/*" if PurePosixPath(pattern).name == "**" else pattern


def _leads_to(glob: Sequence[str], path: Sequence[str]) -> bool:
    """Folder by folder: `*` stops at each `/`, `**` is any number of folders."""
    ways = {0}  # how much of the path the glob may have led along
    for part in glob:
        if part == "**":
            ways = set(range(min(ways, default=len(path) + 1), len(path) + 1))
        else:
            ways = {way + 1 for way in ways if way < len(path) and fnmatchcase(path[way], part)}
    return len(path) in ways


def protected_part(path: PurePosixPath, *, writes: bool) -> str | None:
    """What the path, relative to the workspace, leads to that is not for skills. Without regard to case: on some file
    systems memory.md is MEMORY.md."""
    first = (path.parts or ("",))[0].casefold()
    return next((name for name in (PROTECTED if writes else UNREADABLE) if name.casefold() == first), None)
