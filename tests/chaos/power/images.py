"""What may be on a disk after the power went: all that was synced, and of the rest any of its sectors, or none."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.chaos.power.recording import Operation

SECTOR = 512  # bytes that a disk writes whole or not at all


class _File:
    """`safe` is there for certain; `pending` is under way since the last sync."""

    def __init__(self) -> None:
        self.safe = bytearray()
        self.pending: list[Operation] = []
        self.deleted = False

    def take(self, operation: Operation) -> None:
        if operation.kind == "sync":
            for each in self.pending:
                _apply(self.safe, each)
            self.pending.clear()
        elif operation.kind == "delete":
            self.safe, self.deleted = bytearray(), True
            self.pending.clear()
        else:
            self.deleted = False
            self.pending.append(operation)

    def struck(self, chance: Random) -> bytearray:
        """What came through: in the order in which it was written, or in any."""
        content = bytearray(self.safe)
        share = chance.choice([0.0, 0.3, 0.7, 0.95, 1.0])
        parts = [part for each in self.pending for part in _sectors(each) if chance.random() < share]
        if chance.random() < 0.5:
            chance.shuffle(parts)
        for part in parts:
            _apply(content, part)
        return content


def write_image(operations: Sequence[Operation], until: int, folder: Path, chance: Random) -> None:
    """The files as they may be when the power goes before operation number `until`."""
    files: dict[str, _File] = {}
    for operation in operations[:until]:
        if operation.file:
            files.setdefault(operation.file, _File()).take(operation)
    for name, file in files.items():
        if not file.deleted:
            (folder / name).write_bytes(file.struck(chance))


def _sectors(operation: Operation) -> list[Operation]:
    """A write as the disk does it: sector by sector."""
    if operation.kind != "write":
        return [operation]
    start, end = operation.offset, operation.offset + len(operation.content)
    edges = [start, *range((start // SECTOR + 1) * SECTOR, end, SECTOR), end]
    return [
        Operation("write", operation.file, left, operation.content[left - start : right - start])
        for left, right in pairwise(edges)
    ]


def _apply(content: bytearray, operation: Operation) -> None:
    if operation.kind == "truncate":
        del content[operation.offset :]
        return
    end = operation.offset + len(operation.content)
    content.extend(bytes(max(0, end - len(content))))
    content[operation.offset : end] = operation.content
