"""Reads a skill and the helpers that it imports from the workspace, as one immutable snapshot."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from sidecar.checker.names import name_problem
from sidecar.checker.report import Problem, Snapshot

LARGEST_FILE = 256 * 1024  # bytes
MOST_HELPERS = 100

# A helper's import: `from lib.x import y`, `from lib import x`, `import lib.x`. A search of the text and not `ast`,
# because the sidecar itself does this: an f-string bomb of 256 KiB holds `ast.parse` for four seconds, this never.
# It may find too much (an import in a docstring), which does no harm; what it misses, the check reports.
_FROM = re.compile(r"\bfrom[ \t]+(lib(?:\.\w+)*)[ \t]+import[ \t]*(\([^()]*\)|[^\n;]*)")
_IMPORT = re.compile(r"\bimport[ \t]+([^\n;]*)")
_LIB = re.compile(r"\blib\.")
_COMMENT = re.compile(r"#[^\n]*")


def gather(workspace: Path, entry: str, unsaved: str | None = None) -> Snapshot | tuple[Problem, ...]:
    """The bytes of the skill at `entry` ("skills/price_report.py") with those of all helpers it imports, directly or
    through other helpers, or the problems that make them unreadable. `unsaved` is taken for its text in place of the
    file, which need not be there.

    A helper that does not exist is left out: the check reports it with the line of the import.
    """
    files: dict[str, bytes] = {}
    problems: list[Problem] = []
    waiting = [entry]
    helpers: frozenset[str] | None = None
    while waiting:
        path = waiting.pop()
        content = read(workspace, path, unsaved if path == entry else None)
        if isinstance(content, Problem):
            problems.append(content)
            continue
        files[path] = content
        if named := helpers_named_in(content.decode()):
            helpers = _helpers(workspace) if helpers is None else helpers
            seen = {*files, *waiting, *(problem.file for problem in problems)}
            waiting += sorted((named & helpers) - seen)
        if len(files) + len(waiting) > MOST_HELPERS:
            problems.append(_unreadable(entry, f"it imports more than {MOST_HELPERS} helpers", "Merge some of them."))
            break
    return tuple(problems) if problems else Snapshot(entry, files)


def read(workspace: Path, path: str, unsaved: str | None = None) -> bytes | Problem:
    """The file's bytes, if it is a plain UTF-8 file of the workspace with a name that it may have."""
    return name_problem(path) or read_plain(workspace, path, unsaved)


def read_plain(workspace: Path, path: str, unsaved: str | None = None) -> bytes | Problem:
    """The same, whatever its name is."""
    try:
        content = _bytes(workspace, path) if unsaved is None else unsaved.encode()
    except FileNotFoundError:
        return _unreadable(path, "there is no such file", "Save it, or remove what refers to it.")
    except OSError as error:
        return _unreadable(path, f"it cannot be read: {error.strerror}", "Check the file and its permissions.")
    except UnicodeEncodeError:
        return _unreadable(path, "it holds half a character", "Write it anew.")
    except _NotPlainError as error:
        return _unreadable(path, str(error), error.fix)
    if len(content) > LARGEST_FILE:
        fix = "Move data out of the source, and split the rest."
        return _unreadable(path, f"it is larger than {LARGEST_FILE // 1024} KiB", fix)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return _unreadable(path, f"line {line} is not UTF-8", "Save the file as UTF-8.", line)
    return content


def with_plain_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def helpers_named_in(source: str) -> frozenset[str]:
    """The paths that the imports of `lib` in this text may mean, existing or not."""
    whole = with_plain_newlines(source).replace("\\\n", " ")
    modules: set[str] = set()
    for text in (whole, _COMMENT.sub("", whole)):  # a # may begin a comment, or stand in a text before an import
        for package, names in _FROM.findall(text):
            modules |= {package, *(f"{package}.{name}" for name in _first_words(names))}
        for names in filter(_LIB.search, _IMPORT.findall(text)):
            modules |= {name for name in _first_words(names) if name.startswith("lib.")}
    return frozenset(path for module in modules for path in module_files(module))


def module_files(module: str) -> Iterator[str]:
    """The files that importing `lib.a.b` may execute: itself, as module or package, and the packages above it."""
    parts = module.split(".")
    yield "/".join(parts) + ".py"
    for depth in range(len(parts)):
        yield "/".join(parts[: depth + 1]) + "/__init__.py"


class _NotPlainError(Exception):
    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


def _helpers(workspace: Path) -> frozenset[str]:
    """All paths below lib/, without following links to folders."""
    root = workspace.resolve()
    lib = root / "lib"
    if not lib.is_dir() or not lib.resolve().is_relative_to(root):
        return frozenset()
    found = (Path(folder, name) for folder, _, names in os.walk(lib) for name in names)
    return frozenset(path.relative_to(root).as_posix() for path in found)


def _bytes(workspace: Path, path: str) -> bytes:
    root = os.path.realpath(workspace)
    real = os.path.realpath(f"{root}/{path}")
    if not real.startswith(root + os.sep):
        raise _NotPlainError("it is a link that leaves the workspace", "Save the file itself here.")
    try:  # non-blocking, because opening a FIFO would otherwise wait for its writer
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise _NotPlainError("it is a link to itself", "Save the file itself here.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _NotPlainError("it is not a plain file", "Save the skill's text as a file of this name.")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(LARGEST_FILE + 1)
    finally:
        os.close(descriptor)


def _first_words(names: str) -> Iterator[str]:
    """`(a as b, c)` → a, c."""
    for name in names.strip(" \t()").split(","):
        if words := name.split():
            yield words[0]


def _unreadable(path: str, reason: str, fix: str, line: int = 0) -> Problem:
    return Problem(stage="read", file=path, line=line, reason=reason, fix=fix)
