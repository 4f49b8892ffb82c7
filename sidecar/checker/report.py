"""What goes into a check and what comes out: a snapshot, and a report about exactly those bytes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from sidecar.checker.manifest import Manifest

AUTHOR_API = "1"  # part of every version's hash: a changed author API makes a new version


@dataclass(frozen=True)
class Snapshot:
    """The source bytes of one skill: its module and the helpers that it imports, by their path in the workspace."""

    entry: str  # "skills/price_report.py"
    files: dict[str, bytes]

    @property
    def skill(self) -> str:
        return PurePosixPath(self.entry).stem

    @property
    def hash(self) -> str:
        """The version's name: sha256, in hex, over the author API's version and each path with its bytes."""
        digest = hashlib.sha256(f"author-api {AUTHOR_API}\n{self.entry}\n".encode())
        for path in sorted(self.files):
            content = self.files[path]
            digest.update(f"{path}\n{len(content)}\n".encode() + content)
        return digest.hexdigest()


class Problem(BaseModel):
    """One thing that keeps a file from going live: where, why, and what to write instead."""

    model_config = ConfigDict(frozen=True)

    # check: it came to no verdict; asked: a person did not want it
    stage: Literal["read", "parse", "manifest", "body", "types", "check", "asked"]
    file: str  # path in the workspace
    line: int  # from 1; 0 where the whole file is meant
    column: int = 0
    reason: str
    fix: str = ""
    source: str = ""  # the line itself


class Report(BaseModel):
    """The sidecar's verdict on one snapshot. Passed: no problems, and a manifest."""

    model_config = ConfigDict(frozen=True)

    skill: str
    hash: str
    problems: tuple[Problem, ...] = ()
    manifest: Manifest | None = None
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.manifest is not None and not self.problems

    @property
    def undecided(self) -> bool:
        """The check itself failed: it took too long, or something else stood in its way. The same bytes may pass when
        they are checked again."""
        return bool(self.problems) and all(problem.stage == "check" for problem in self.problems)


class TypeChecker(Protocol):
    """The seam for mypy: `BatchMypy`, or whatever gives its verdicts."""

    def check(self, snapshot: Snapshot) -> list[Problem]: ...
