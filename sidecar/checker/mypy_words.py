"""What mypy said about a snapshot, as problems for its author."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sidecar.checker.advice import AuthorApi, advice
from sidecar.checker.limited import Finished, Limits
from sidecar.checker.module import line_of
from sidecar.checker.mypy_call import place
from sidecar.checker.report import Problem, Snapshot

# mypy ends with 1 where it found errors in the types, and with 2 where it could not even parse.
_HAS_A_VERDICT = (0, 1, 2)

# After another error in the same definition these only say that its value has no known type.
_ECHOES = frozenset({"var-annotated", "no-any-return"})


@dataclass(frozen=True)
class _Message:
    file: str
    line: int
    column: int  # from 0
    text: str
    code: str


class MypyWords:
    """`author_api` is the folder in which the package skills lies."""

    def __init__(self, author_api: Path, limits: Limits) -> None:
        self._author_api = author_api
        self._limits = limits

    def problems(self, snapshot: Snapshot, finished: Finished) -> list[Problem]:
        paths = {place(path): path for path in snapshot.files}
        messages = [message for message in _messages(finished.output) if message.file in paths]
        beginnings = {file: _beginnings(_text(snapshot, path)) for file, path in paths.items()}

        def place_of(message: _Message) -> tuple[str, int]:
            return message.file, bisect_right(beginnings[message.file], message.line)

        refused = {place_of(message) for message in messages if message.code not in _ECHOES}
        problems = [
            self._problem(snapshot, paths[message.file], message)
            for message in messages
            if message.code not in _ECHOES or place_of(message) not in refused
        ]
        if finished.status == 0 or (problems and finished.status in _HAS_A_VERDICT):
            return problems
        reason = f"the type check came to no verdict: {finished.what_happened(self._limits)}"
        fix = "Make the file simpler or smaller, and save it again."
        return [*problems, Problem(stage="check", file=snapshot.entry, line=0, reason=reason, fix=fix)]

    def _problem(self, snapshot: Snapshot, path: str, message: _Message) -> Problem:
        source = line_of(_text(snapshot, path), message.line)
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
        return AuthorApi.read(self._author_api / "skills")


def _text(snapshot: Snapshot, path: str) -> str:
    return snapshot.files[path].decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _beginnings(text: str) -> list[int]:
    """The lines, from 1, in which something begins: those that are not indented."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line[:1].strip(" \t#)")]


def _messages(output: str) -> Iterator[_Message]:
    for line in output.splitlines():
        if not line.startswith("{"):
            continue
        try:
            said = json.loads(line)
        except ValueError:
            continue  # cut off, as its process was
        if said["severity"] == "error":
            yield _Message(
                file=said["file"],
                line=said["line"],
                column=said["column"],
                text=said["message"],
                code=said["code"] or "",
            )
