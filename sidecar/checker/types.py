"""The type check: batch mypy in strict mode, on a copy of the snapshot where nothing else is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sidecar.checker.advice import AuthorApi, advice
from sidecar.checker.library_cache import LibraryCache
from sidecar.checker.limited import Finished, Limits, run_limited
from sidecar.checker.module import line_of
from sidecar.checker.mypy_call import CACHE, SOURCES, arguments, configuration
from sidecar.checker.report import Problem, Snapshot

# mypy ends with 1 where it found errors in the types, and with 2 where it could not even parse.
_HAS_A_VERDICT = (0, 1, 2)

# Beside another error on their line these only say that its value has no known type.
_ECHOES = frozenset({"var-annotated", "no-any-return"})


@dataclass(frozen=True)
class _Message:
    file: str
    line: int
    column: int  # from 0
    text: str
    code: str


class BatchMypy:
    """A fresh mypy for each check. `folder` is ours alone: it keeps what mypy knows of libraries."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder.resolve()
        for left in (*self._folder.glob("check-*"), *self._folder.glob("building-*")):
            shutil.rmtree(left)  # by a sidecar that was killed
        self._limits = limits or Limits()
        self._library = LibraryCache(self._folder)

    def check(self, snapshot: Snapshot) -> list[Problem]:
        with TemporaryDirectory(prefix="check-", dir=self._folder) as scratch:
            work = Path(scratch)
            places = {_place(path): path for path in snapshot.files}
            for place, path in places.items():
                (work / place).parent.mkdir(parents=True, exist_ok=True)
                (work / place).write_bytes(snapshot.files[path])
            configuration(work, self._library.author_api)
            self._library.copy_to(work / CACHE)
            finished = run_limited("mypy", *arguments(*sorted(places)), cwd=work, limits=self._limits)
        return self._problems(snapshot, finished, places)

    def _problems(self, snapshot: Snapshot, finished: Finished, places: dict[str, str]) -> list[Problem]:
        messages = [message for message in _messages(finished.output) if message.file in places]
        refused = {(message.file, message.line) for message in messages if message.code not in _ECHOES}
        problems = [
            self._problem(snapshot, places[message.file], message)
            for message in messages
            if message.code not in _ECHOES or (message.file, message.line) not in refused
        ]
        if finished.status == 0 or (problems and finished.status in _HAS_A_VERDICT):
            return problems
        reason = f"the type check came to no verdict: {finished.what_happened(self._limits)}"
        fix = "Make the file simpler or smaller, and save it again."
        return [*problems, Problem(stage="types", file=snapshot.entry, line=0, reason=reason, fix=fix)]

    def _problem(self, snapshot: Snapshot, path: str, message: _Message) -> Problem:
        text = snapshot.files[path].decode("utf-8-sig", "replace").replace("\r\n", "\n")
        source = line_of(text, message.line)
        column = message.column + 1
        return Problem(
            stage="types",
            file=path,
            line=max(message.line, 0),
            column=column,
            reason=message.text,
            fix=advice(message.code, message.text, source=source, column=column, api=self._api),
            source=source,
        )

    @cached_property
    def _api(self) -> AuthorApi:
        return AuthorApi.read(self._library.author_api / "skills")


def _place(path: str) -> str:
    """Where a file of the workspace lies for mypy: a skill is a top-level module, a helper is in lib."""
    parts = PurePosixPath(path).parts
    if parts[0] not in ("skills", "lib") or ".." in parts:
        raise ValueError(f"{path!r} is neither a skill nor a helper")
    return str(PurePosixPath(SOURCES, *(parts[1:] if parts[0] == "skills" else parts)))


def _messages(output: str) -> Iterator[_Message]:
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        said = json.loads(line)
        if said["severity"] == "error":
            yield _Message(
                file=said["file"],
                line=said["line"],
                column=said["column"],
                text=said["message"],
                code=said["code"] or "",
            )
