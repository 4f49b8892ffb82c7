"""SQLite's way to the disk, watched and broken: each write, sync, truncation and deletion of this process passes here.

The functions of SQLite's default VFS are replaced in memory, by ctypes, for the whole process and for good: so it is
done in a process that is there for that. It needs a Python whose `sqlite3` is linked to a shared libsqlite3, as
Debian's and python.org's are.
"""

from __future__ import annotations

import _sqlite3
import ctypes as c
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

OK = 0
FULL = 13  # SQLITE_FULL: ENOSPC
IOERR_WRITE = 10 | 3 << 8  # EIO of a write
IOERR_SYNC = 10 | 4 << 8  # EIO of a sync


@dataclass(frozen=True)
class Fault:
    """What the disk answers instead of doing it; of a write, `part` (0 to 1) has arrived."""

    code: int
    part: float = 0.0


class Watcher(Protocol):
    """Is told of each operation before it is done, and may have it fail."""

    def writes(self, file: Path, offset: int, content: bytes) -> Fault | None: ...

    def syncs(self, file: Path) -> Fault | None: ...

    def truncates(self, file: Path, size: int) -> Fault | None: ...

    def deletes(self, file: Path) -> Fault | None: ...


_Write = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int, c.c_int64)
_Truncate = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int64)
_Sync = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int)
_Open = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_void_p, c.c_int, c.c_void_p)
_Delete = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p, c.c_int)


class _Methods(c.Structure):
    """sqlite3_io_methods, version 3; `others` as we find them."""

    _fields_ = (
        ("version", c.c_int),
        ("close", c.c_void_p),
        ("read", c.c_void_p),
        ("write", c.c_void_p),
        ("truncate", c.c_void_p),
        ("sync", c.c_void_p),
        ("others", c.c_void_p * 13),
    )


class _File(c.Structure):
    _fields_ = (("methods", c.POINTER(_Methods)),)


class _Vfs(c.Structure):
    """sqlite3_vfs, as far as we touch it."""

    _fields_ = (
        ("version", c.c_int),
        ("file_size", c.c_int),
        ("longest_path", c.c_int),
        ("next", c.c_void_p),
        ("name", c.c_char_p),
        ("data", c.c_void_p),
        ("open", c.c_void_p),
        ("delete", c.c_void_p),
    )


class SqliteDisk:
    """Installs itself between SQLite and its files; keep it alive as long as the process uses SQLite."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self._paths: dict[int, Path] = {}  # the file's address → its path
        self._kept: list[Any] = []  # what C points to
        library = c.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = c.POINTER(_Vfs)
        vfs = library.sqlite3_vfs_find(None).contents
        self._really_open, self._really_delete = _Open(vfs.open), _Delete(vfs.delete)
        self._methods: dict[int, _Methods] = {}  # the address of SQLite's own → those that ask us first
        vfs.open = self._address(_Open(self._open))
        vfs.delete = self._address(_Delete(self._delete))

    def _address(self, function: Any) -> int:
        self._kept.append(function)
        address = c.cast(function, c.c_void_p).value
        assert address is not None
        return address

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        """`name` is passed on as an address: SQLite goes on using what is there until the file is closed."""
        status: int = self._really_open(vfs, name, file, flags, out)
        if status == OK and name:
            opened = _File.from_address(file)
            self._paths[file] = _path(name)
            opened.methods = c.pointer(self._asking_first(opened.methods.contents))
        return status

    def _delete(self, vfs: int, name: int, sync_folder: int) -> int:
        fault = self._watcher.deletes(_path(name))
        return fault.code if fault else self._really_delete(vfs, name, sync_folder)

    def _asking_first(self, theirs: _Methods) -> _Methods:
        address = c.addressof(theirs)
        if address in self._methods:
            return self._methods[address]
        write, truncate, sync = _Write(theirs.write), _Truncate(theirs.truncate), _Sync(theirs.sync)

        def our_write(file: int, content: int, length: int, offset: int) -> int:
            fault = self._watcher.writes(self._paths[file], offset, c.string_at(content, length))
            if fault is None:
                return int(write(file, content, length, offset))
            if arrives := int(length * fault.part):
                write(file, content, arrives, offset)
            return fault.code

        def our_truncate(file: int, size: int) -> int:
            fault = self._watcher.truncates(self._paths[file], size)
            return fault.code if fault else int(truncate(file, size))

        def our_sync(file: int, flags: int) -> int:
            fault = self._watcher.syncs(self._paths[file])
            return fault.code if fault else int(sync(file, flags))

        ours = _Methods.from_buffer_copy(theirs)
        ours.write = self._address(_Write(our_write))
        ours.truncate = self._address(_Truncate(our_truncate))
        ours.sync = self._address(_Sync(our_sync))
        self._methods[address] = ours
        return ours


def _path(name: int) -> Path:
    return Path(c.string_at(name).decode())
