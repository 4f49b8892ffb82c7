"""Notices saved, renamed and deleted files in the workspace's skills/ and lib/.

File events are only hints that say *look now*: they get lost when a folder is new, moved in or created again, and when
their queue overflows. What counts is what a look at the folders finds, compared with the look before. It is taken
after each hint, after every error, and every second; more seldom where there are so many files that a look takes long.
Between two of them those files alone are looked at that are being saved.
"""

from __future__ import annotations

import errno
import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from watchfiles import Change
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

QUIET = 0.04  # seconds without a change after which a file counts as saved
QUIET_IN_PLACE = 0.01  # the same for one that came by a rename: it was complete before
ROOTS = ("skills", "lib")

_GROUP_MS = 50  # hints are grouped for at most so long,
_STEP_MS = 10  # while they come closer together than this
_PATIENT_MS = 1000  # how long to wait for a hint
_PATIENT_LOOKS = 1000  # or as long as so many looks take: without hints, they use a thousandth of a core

_log = logging.getLogger(__name__)


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass
class Look:
    """What is there at one moment. Folders by path with what identifies them, files by path in the workspace."""

    folders: dict[str, tuple[int, int]] = field(default_factory=dict)
    files: dict[str, Stamp] = field(default_factory=dict)


class Watcher:
    """Calls `on_change` from a thread of its own with the paths ("skills/price_report.py") of files that were saved or
    deleted, those that exist when it starts included.

    A file is saved when it has been the same for a quiet period, a shorter one if it was renamed to its place. Only a
    file that was seen before can be deleted. If skills/ or lib/ as a whole goes away or is replaced (a volume is
    unmounted), its files are not deleted: `on_unmounted` is called instead. Links are never followed out of the
    workspace, and folders that are links not at all; what else is called NAME.py (a FIFO, a link that leads elsewhere)
    is reported like a file, so that reading it can say what is wrong.
    """

    def __init__(
        self,
        workspace: Path,
        on_change: Callable[[frozenset[str]], None],
        on_unmounted: Callable[[], None] = lambda: None,
    ) -> None:
        self._workspace = workspace.absolute()
        self._on_change = on_change
        self._on_unmounted = on_unmounted
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._last = Look()
        self._due = 0.0  # when (monotonic) the next look is, without a hint
        self._reported: set[str] = set()
        self._settling: dict[str, float] = {}  # since when (monotonic) the path has been the way it is
        self._renamed: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when no callback is running, and none will be called any more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen()
            except (OSError, WatchfilesRustInternalError) as error:
                _log.warning("watching %s failed and is tried again: %s", self._workspace, error)
                self._stopped.wait(_PATIENT_MS / 1000)

    def _listen(self) -> None:
        """Look at each hint, until the folders are others than those that are listened to."""
        self._compare()  # also where no hints are to be had
        listened = self._last.folders
        if not listened:
            self._stopped.wait(_PATIENT_MS / 1000)
            return
        # Folder by folder and not recursively: that would follow links, out of the workspace too.
        paths = [str(self._workspace / folder) for folder in listened]
        notify = RustNotify(
            paths,
            debug=False,
            force_polling=False,
            poll_delay_ms=0,
            recursive=False,
            ignore_permission_denied=True,
        )
        with notify:
            self._compare()
            while self._last.folders == listened and not self._stopped.is_set():
                answer = notify.watch(_GROUP_MS, _STEP_MS, self._until_a_look(), self._stopped)
                hints = answer if isinstance(answer, set) else set()
                self._note_renames(hints)
                if hints or time.monotonic() >= self._due:
                    self._compare()
                else:
                    self._glance()
                if any((Change.deleted, path) in hints for path in paths):
                    return  # created again, a folder may look the same, but is no longer listened to

    def _note_renames(self, hints: set[tuple[int, str]]) -> None:
        """A file that is written where it stands is announced as added, and then as modified; one that was renamed to
        its place is never announced as modified."""
        modified = {self._relative(path) for kind, path in hints if kind == Change.modified}
        added = {self._relative(path) for kind, path in hints if kind == Change.added}
        self._renamed = (self._renamed | added) - modified

    def _relative(self, path: str) -> str:
        return os.path.relpath(path, self._workspace)

    def _compare(self) -> None:
        """Take a look, and report what has settled since the one before."""
        began = time.monotonic()
        look = look_at(self._workspace)
        now = time.monotonic()
        self._due = now + max(_PATIENT_MS / 1000, _PATIENT_LOOKS * (now - began))
        lost = [root for root in ROOTS if root in self._last.folders and not _same(root, self._last, look)]
        self._forget(lost)
        self._settling |= {path: now for path, _ in look.files.items() ^ self._last.files.items()}
        self._last = look
        if lost:
            self._tell(self._on_unmounted)
        self._report(now)

    def _glance(self) -> None:
        """Look at what settles, and report what has: among a thousand files that is all there is time for."""
        if any(_found(self._workspace / folder) != known for folder, known in self._last.folders.items()):
            self._compare()
            return
        now, inside, files = time.monotonic(), _inside(self._workspace), self._last.files
        for path in self._settling:
            if (stamp := _stamp(self._workspace / path, inside)) == files.get(path):
                continue
            self._settling[path] = now
            if stamp:
                files[path] = stamp
            else:
                del files[path]
        self._report(now)

    def _report(self, now: float) -> None:
        if settled := self._settled(now):
            self._tell(lambda: self._on_change(settled))

    def _forget(self, roots: list[str]) -> None:
        for root in roots:
            below = f"{root}/"
            self._reported = {path for path in self._reported if not path.startswith(below)}
            self._settling = {path: at for path, at in self._settling.items() if not path.startswith(below)}
            self._last.files = {p: stamp for p, stamp in self._last.files.items() if not p.startswith(below)}

    def _settled(self, now: float) -> frozenset[str]:
        """The paths that changed, and then not for a while. They are taken off the list."""
        done = {path for path, since in self._settling.items() if now - since >= self._quiet(path)}
        for path in done:
            del self._settling[path]
        self._renamed &= self._settling.keys()
        saved = done & self._last.files.keys()
        deleted = (done - saved) & self._reported
        self._reported = (self._reported | saved) - deleted
        return frozenset(saved | deleted)

    def _quiet(self, path: str) -> float:
        """How long this one has to be the same."""
        stamp = self._last.files.get(path)
        # An empty file was added, but most likely is about to be written.
        renamed = path in self._renamed and stamp is not None and stamp.size > 0
        return QUIET_IN_PLACE if renamed else QUIET

    def _until_a_look(self) -> int:
        """Milliseconds, without a hint."""
        settled = (since + self._quiet(path) for path, since in self._settling.items())
        return max(1, math.ceil((min([self._due, *settled]) - time.monotonic()) * 1000))

    def _tell(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:  # noqa: BLE001 - whatever a listener does wrong, the watch goes on
            _log.exception("a listener of the watcher failed")


def look_at(workspace: Path) -> Look:
    """All folders to listen to, and all files named *.py in skills/ and, at any depth, in lib/.

    Raises OSError where a folder is there and cannot be read: its files are unknown then, not gone.
    """
    look = Look()
    try:
        look.folders["."] = _identity(workspace.stat())
    except FileNotFoundError:
        return look
    inside = _inside(workspace)
    for root in ROOTS:
        if os.path.realpath(workspace / root).startswith(inside):
            _look_into(workspace, root, inside, look)
    return look


def _look_into(workspace: Path, folder: str, inside: str, look: Look) -> None:
    try:
        look.folders[folder] = _identity((workspace / folder).stat())
        entries = list(_entries(workspace / folder))
    except (FileNotFoundError, NotADirectoryError):
        look.folders.pop(folder, None)
        return
    for entry in entries:
        path = f"{folder}/{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if folder.startswith("lib") and entry.name != "__pycache__":
                _look_into(workspace, path, inside, look)
        elif entry.name.endswith(".py") and (stamp := _stamp(entry, inside)):
            look.files[path] = stamp


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All but hidden ones, which editors write, and names that are no text, which can be neither stored nor shown."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name.isprintable():
                yield entry


def _inside(workspace: Path) -> str:
    """How the real path of all that is in it begins."""
    return os.path.realpath(workspace) + os.sep


def _stamp(file: os.DirEntry[str] | Path, inside: str) -> Stamp | None:
    try:
        if file.is_symlink() and not os.path.realpath(file).startswith(inside):
            return Stamp.of(file.stat(follow_symlinks=False))
        return Stamp.of(file.stat())
    except FileNotFoundError:
        return None  # deleted meanwhile, or a link to nothing
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        return Stamp.of(file.stat(follow_symlinks=False))  # a link that leads to itself


def _found(folder: Path) -> tuple[int, int] | None:
    try:
        return _identity(folder.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _same(root: str, before: Look, after: Look) -> bool:
    return before.folders.get(root) == after.folders.get(root)
