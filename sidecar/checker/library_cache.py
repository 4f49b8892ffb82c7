"""mypy's knowledge of the standard library, pydantic and the author API, computed once."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import shutil
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sidecar.checker.limited import Limits, run_limited
from sidecar.checker.mypy_call import AUTHOR_API, CACHE, SETTINGS, arguments, configuration

# The modules that skills use, so that no check has to look at them first. Others work too, and take a little longer.
USUAL = """\
import base64, collections, collections.abc, contextlib, csv, dataclasses, datetime, decimal, difflib, email.message
import email.utils, enum, fractions, functools, hashlib, hmac, html, html.parser, io, itertools, json, logging, math
import operator, pathlib, pydantic, random, re, skills, statistics, string, textwrap, time, tomllib, typing
import unicodedata, urllib.parse, uuid, xml.etree.ElementTree, zoneinfo
"""

USUAL_FILE = "usual.py"

_BUILD_LIMITS = Limits(cpu_seconds=120, wall_seconds=240)  # it reads much, all of it ours


class LibraryCache:
    """A folder below `folder` that mypy can start from. It is built when it is first asked for, and again when mypy,
    pydantic, the author API or this file changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._lock = threading.Lock()
        self._ready: Path | None = None

    @property
    def author_api(self) -> Path:
        """A folder with nothing in it but a link to the author API, for mypy to find it by."""
        return self._folder / AUTHOR_API

    def copy_to(self, target: Path) -> None:
        """Put a copy there. mypy writes to the copy, so no check leaves anything for the next: mypy recognises files by
        size and whole seconds of time, and would take one skill for another."""
        shutil.copytree(self._warm(), target)

    def _warm(self) -> Path:
        with self._lock:
            if self._ready is None or not self._ready.is_dir():
                self._ready = self._found() or self._build()
            return self._ready

    @property
    def _place(self) -> Path:
        return self._folder / f"library-{_fingerprint()}"

    def _found(self) -> Path | None:
        self._link_author_api()
        return self._place if self._place.is_dir() else None

    def _build(self) -> Path:
        with TemporaryDirectory(prefix="building-", dir=self._folder) as scratch:
            work = Path(scratch)
            (work / USUAL_FILE).write_text(USUAL)
            configuration(work)
            finished = run_limited(
                "mypy", *arguments(USUAL_FILE), scratch=work, reads=[self.author_api], limits=_BUILD_LIMITS
            )
            for old in self._folder.glob("library-*"):
                shutil.rmtree(old)
            # Without it checks are slow but right. So what a failed attempt left is used, by this process alone.
            place = self._place if finished.status == 0 else self._folder / "library-unfinished"
            (work / CACHE).mkdir(exist_ok=True)
            return (work / CACHE).rename(place)

    def _link_author_api(self) -> None:
        self.author_api.mkdir(parents=True, exist_ok=True)
        link, target = self.author_api / "skills", _author_api()
        if not link.is_symlink() or link.readlink() != target:
            link.unlink(missing_ok=True)
            link.symlink_to(target)


def _author_api() -> Path:
    spec = importlib.util.find_spec("skills")
    if spec is None or spec.origin is None:
        raise RuntimeError("the author API (the package skills) is not installed")
    return Path(spec.origin).resolve().parent


def _fingerprint() -> str:
    digest = hashlib.sha256("\n".join(_versions()).encode())
    for file in sorted(_author_api().rglob("*.py")):
        digest.update(f"{file}\n".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> Iterator[str]:
    yield sys.version
    yield sys.prefix
    yield USUAL
    yield SETTINGS
    for package in ("mypy", "pydantic", "pydantic-core", "typing-extensions"):
        yield f"{package} {importlib.metadata.version(package)}"
