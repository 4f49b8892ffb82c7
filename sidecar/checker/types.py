"""The type check: batch mypy in strict mode, on a copy of the snapshot where nothing else is."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from sidecar.checker.library_cache import LibraryCache
from sidecar.checker.limited import Limits, run_limited
from sidecar.checker.mypy_call import CACHE, arguments, configuration, lay_out
from sidecar.checker.mypy_words import MypyWords
from sidecar.checker.report import Problem, Snapshot


class BatchMypy:
    """A fresh mypy for each check. `folder` is ours alone: it keeps what mypy knows of libraries."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        for left in (*self.folder.glob("check-*"), *self.folder.glob("building-*")):
            shutil.rmtree(left)  # by a sidecar that was killed
        self._limits = limits or Limits()
        self.library = LibraryCache(self.folder)
        self.words = MypyWords(self.library.author_api, self._limits)

    def check(self, snapshot: Snapshot) -> list[Problem]:
        with TemporaryDirectory(prefix="check-", dir=self.folder) as scratch:
            work = Path(scratch)
            files = lay_out(snapshot, work)
            configuration(work)
            self.library.copy_to(work / CACHE)
            author_api = self.library.author_api
            finished = run_limited("mypy", *arguments(*files), scratch=work, reads=[author_api], limits=self._limits)
        return self.words.problems(snapshot, finished)
