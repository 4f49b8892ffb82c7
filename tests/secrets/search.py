"""A byte search for a value, in all the ways of writing it."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from sidecar.store.schema import metadata
from tests.secrets.forms import encodings
from tests.support.live_sidecar import LiveSidecar
from tests.support.processes import children_of


class Search:
    """`look` at things, each with a name; `found` has the names of those that have the value."""

    def __init__(self, value: str) -> None:
        self._needles = {written for form, written in encodings(value) if not form.startswith("base64")}
        for neighbours in range(3):  # without the characters that depend on what stands beside it
            written = base64.b64encode(bytes(neighbours) + value.encode())[4:-4]
            self._needles |= {written, written.replace(b"+", b"-").replace(b"/", b"_")}
        self.looked_at = 0
        self.found: list[str] = []

    def look(self, name: str, content: bytes) -> None:
        self.looked_at += 1
        in_one_line = content.replace(b"\r", b"").replace(b"\n", b"")
        if any(needle in content or needle in in_one_line for needle in self._needles):
            self.found.append(name)

    def look_at_files(self, folder: Path, *, but: Path | None = None) -> None:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not (but and path.is_relative_to(but)):
                self.look(str(path.relative_to(folder)), path.read_bytes())

    def look_at_rows(self, live: LiveSidecar) -> None:
        """Beside the file itself: a value may lie across two of its pages."""
        for table in metadata.sorted_tables:
            for row in live.query(sa.select(table)):
                for column, value in row._mapping.items():
                    content = value if isinstance(value, bytes) else json.dumps(value, default=str).encode()
                    self.look(f"{table.name}.{column}", content)

    def look_at_archive(self, file: Path) -> None:
        with tarfile.open(file) as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is not None:
                    self.look(f"{file.name}:{member.name}", content.read())

    def look_at_processes(self, first: int) -> None:
        """Command line and environment of a process, and of all that came from it."""
        for pid in _family(first):
            for part in ("cmdline", "environ"):
                try:
                    self.look(f"{part} of {pid}", Path(f"/proc/{pid}/{part}").read_bytes())
                except OSError:  # it has ended, or hides itself: then others can't look either
                    continue


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in children_of(pid):
        yield from _family(child)
