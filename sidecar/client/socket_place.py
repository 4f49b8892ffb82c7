"""Where the sidecar's Unix socket is. The sidecar writes it to `.tend/socket`: another session, or this one after the
last logout, has other folders for such things."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from sidecar.whole_file import replace_whole

NAME = "socket"

log = logging.getLogger(__name__)


def tell(store: Path, socket: Path) -> None:
    """Where that can't be written, it is found at the usual place."""
    try:
        replace_whole(store / NAME, os.fsencode(socket))
    except OSError:
        log.exception("where the socket is could not be told")


def tell_no_more(store: Path) -> None:
    (store / NAME).unlink(missing_ok=True)


def told(store: Path, usual: Path) -> Path:
    """Where to knock; at the `usual` place where nothing was told. Raises PermissionError where somebody else might
    answer than whose the store is, and another OSError where there is nobody."""
    socket, owner = usual, store.stat().st_uid if store.exists() else os.getuid()
    with suppress(FileNotFoundError):
        here = Path(os.fsdecode((store / NAME).read_bytes()))
        if here.name == usual.name:  # not so in a copy of a workspace, whose `.tend` names the original's
            socket = here
    if socket.parent.lstat().st_uid != owner:
        raise PermissionError(f"{socket.parent} belongs to another user, who would answer as the sidecar")
    return socket


def make_folder(folder: Path) -> None:
    """Raises PermissionError where it is not this user's alone."""
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user; set TMPDIR to a folder of yours")
    if found.st_mode & 0o077:
        raise PermissionError(f"{folder} can be entered by others; make it yours alone: chmod 700 {folder}")
