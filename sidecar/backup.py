"""A copy of everything in one file, made while the sidecar works.

    FILE (tar, gzip)   about.json    what it is, of which workspace, when
                       tend.db       the store, as it was at one moment
                       workspace/…   the files beside it, as they are

The store's copy is made on a reading connection, so that writers go on; what they commit meanwhile is
not in it. `sidecar/client/restore.py` is the way back.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from sidecar.caller import CommandRefused
from sidecar.client import views
from sidecar.client.settings import Settings
from sidecar.store import Store

FORMAT = 1  # of the file


def make_backup(store: Store, settings: Settings, target: Path, now: datetime) -> views.Backup:
    """Raises CommandRefused where something is there already, or the folder is not, or the file can't be written."""
    if not target.is_absolute():
        raise CommandRefused("usage", f"{target} is no absolute path")
    if not target.parent.is_dir():
        raise CommandRefused("usage", f"there is no folder {target.parent}")
    if target.exists():
        raise CommandRefused("exists", f"{target} exists already. Name a new file, or remove that one.")
    try:
        with tempfile.TemporaryDirectory(prefix="backup-", dir=settings.store) as folder:
            copy = Path(folder) / "tend.db"
            store.database.copy_to(copy)
            saved, skipped = _put(copy, settings.workspace, target, now)
    except (OSError, sa.exc.DBAPIError) as error:
        raise CommandRefused("system", f"the backup could not be written: {error}") from error
    return views.Backup(path=str(target), size=target.stat().st_size, files=saved, skipped=skipped)


def _put(copy: Path, workspace: Path, target: Path, now: datetime) -> tuple[int, tuple[str, ...]]:
    """Whole, or not at all. What the skills have seen is for the person alone."""
    made, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(made, "wb") as file:
            written = _write(file, copy, workspace, {part, target}, now)
            file.flush()
            os.fsync(file.fileno())
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return written


def _write(
    file: io.BufferedWriter, copy: Path, workspace: Path, own: set[Path], now: datetime
) -> tuple[int, tuple[str, ...]]:
    """Returns how many files of the workspace are in it, and which are not: links, sockets and the like."""
    saved, skipped = 0, []
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        about = json.dumps({"format": FORMAT, "workspace": str(workspace), "made_at": now.isoformat()}).encode()
        entry = tarfile.TarInfo("about.json")
        entry.size = len(about)
        archive.addfile(entry, io.BytesIO(about))
        archive.add(copy, "tend.db")
        for path in _files(workspace):
            name = path.relative_to(workspace)
            if path in own:
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                skipped.append(str(name))
                continue
            archive.add(path, str(Path("workspace") / name), recursive=False)
            saved += path.is_file()
    return saved, tuple(skipped)


def _files(workspace: Path) -> Iterator[Path]:
    """All below it but the store's folder, folders before what is in them."""
    for folder, folders, files in os.walk(workspace):
        here = Path(folder)
        if here == workspace:
            folders.remove(".tend")
        yield from (here / name for name in sorted([*folders, *files]))
