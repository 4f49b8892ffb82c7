"""The disk of a live sidecar, broken and mended from outside by what stands in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from tests.support.sqlite_disk import Fault


class Breakage(BaseModel):
    """After `after` operations of the kinds in `operations` on files that end with one of `files`, each fails with
    `code`; of a write, `part` has arrived. `grows_only`: the disk is full, and what is there can be written over."""

    code: int
    operations: tuple[str, ...]
    files: tuple[str, ...] = ("",)
    after: int = 0
    part: float = 0.0
    grows_only: bool = False


class FaultyDisk:
    """A `Watcher`. The file is empty while the disk is sound; `failed` beside it is made at the first failure."""

    def __init__(self, control: Path) -> None:
        self._control = control
        self._told = ""
        self._left = 0

    def writes(self, file: Path, offset: int, content: bytes) -> Fault | None:
        return self._fault("write", file, offset + len(content))

    def syncs(self, file: Path) -> Fault | None:
        return self._fault("sync", file)

    def truncates(self, file: Path, size: int) -> Fault | None:
        return self._fault("truncate", file)

    def deletes(self, file: Path) -> Fault | None:
        return self._fault("delete", file)

    def _fault(self, operation: str, file: Path, end: int | None = None) -> Fault | None:
        breakage = self._breakage()
        if breakage is None or operation not in breakage.operations or not file.name.endswith(breakage.files):
            return None
        if breakage.grows_only and (end is None or end <= file.stat().st_size):
            return None
        if self._left > 0:
            self._left -= 1
            return None
        failed_beside(self._control).touch()
        return Fault(breakage.code, breakage.part)

    def _breakage(self) -> Breakage | None:
        told = self._control.read_text()
        breakage = Breakage.model_validate_json(told) if told else None
        if told != self._told:
            self._told, self._left = told, breakage.after if breakage else 0
        return breakage


class Control:
    """The test's end of it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.mend()

    def break_(self, breakage: Breakage) -> None:
        failed_beside(self.file).unlink(missing_ok=True)
        self._write(breakage.model_dump_json())

    def mend(self) -> None:
        self._write("")

    @property
    def has_failed(self) -> bool:
        return failed_beside(self.file).exists()

    def _write(self, text: str) -> None:
        fresh = self.file.with_suffix(".fresh")
        fresh.write_text(text)
        fresh.replace(self.file)


def failed_beside(control: Path) -> Path:
    return control.with_suffix(".failed")
