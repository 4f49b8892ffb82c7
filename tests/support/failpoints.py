"""The test's end of `sidecar.failpoints`: which pass of which place kills, and who has passed."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from sidecar.failpoints import STRIKE, read_passes

NOWHERE = "nowhere"


class Failpoints:
    """`file` is what TEND_FAILPOINTS names in the environment of those who are struck."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._file.touch(mode=0o600)

    def strike(self, point: str, times: int = 1) -> None:
        """Kill the process that passes `point` as the `times`-th from now on."""
        self.disarm()
        with self._file.open("a") as file:  # it is open in other processes: no new file may take its place
            file.write(f"{STRIKE}{point}:{times}\n")

    def count(self) -> None:
        """Kill nobody; `passed` tells what was passed from now on."""
        self.strike(NOWHERE)

    def disarm(self) -> None:
        os.truncate(self._file, 0)

    def passed(self) -> Counter[str]:
        """How often each place was passed since `strike` or `count`."""
        _, lines = read_passes(self._file)
        return Counter(line.partition(" ")[0] for line in lines)

    @property
    def struck(self) -> bool:
        """Whether the pass that kills has come."""
        point, lines = read_passes(self._file)
        name, _, times = point.partition(":")
        return bool(name) and sum(line.startswith(f"{name} ") for line in lines) >= int(times)
