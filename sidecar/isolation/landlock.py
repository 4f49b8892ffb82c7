"""Landlock: below which folders this process may read and write, and nowhere else, whoever its user is.

Three system calls and a few constants from <linux/landlock.h>; the libraries on PyPI leave out the scopes or go on
without what the kernel lacks. Ours fails where the kernel can't do it.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

from sidecar.isolation.kernel import system_call

VERSION_WANTED = 3  # before it, a file could be emptied that must not be written (Linux 6.2 has it)

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on all architectures
_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_MAKE_CHAR, _MAKE_SOCK, _MAKE_FIFO, _MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 10, 1 << 11
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV  # the others are of folders
_ALL = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}  # by version
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract Unix sockets, signals

READ = _READ_FILE | _READ_DIR
EXECUTE = READ | _EXECUTE
WRITE = _ALL[3] & ~(_EXECUTE | _MAKE_CHAR | _MAKE_SOCK | _MAKE_FIFO | _MAKE_BLOCK)  # and read; plain files and folders


def version() -> int:
    """What the kernel knows of Landlock; 0 where it has none."""
    try:
        return system_call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError:
        return 0


class Ruleset:
    """What will be allowed. The places are opened now, so that little is left to do in the process that is locked in.
    Those that don't exist are left out."""

    def __init__(self, places: Iterable[tuple[Path, int]]) -> None:
        self._version = version()
        opened = [(os.open(path, os.O_PATH | os.O_CLOEXEC), rights) for path, rights in places if path.exists()]
        self._rules = [self._rule(descriptor, rights) for descriptor, rights in opened]

    def restrict(self, further: Sequence[tuple[Path, int]] = ()) -> None:
        """Hold this process, and all that it starts, to the places and to the `further` ones, for good. It needs
        no_new_privs, and one thread."""
        ruleset = self._create()
        for rule in self._rules:
            _add(ruleset, rule)
        for path, rights in further:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            _add(ruleset, self._rule(descriptor, rights))
            os.close(descriptor)
        system_call(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
        os.close(ruleset)

    @property
    def _handled(self) -> int:
        return _ALL[min(self._version, max(_ALL))]

    def _create(self) -> int:
        """`struct landlock_ruleset_attr`; each version of Landlock knows a longer one."""
        words = [self._handled, _TCP, _SCOPES][: 3 if self._version >= 6 else 2 if self._version >= 4 else 1]
        attributes = struct.pack(f"={len(words)}Q", *words)
        size = ctypes.c_size_t(len(attributes))
        return system_call(_CREATE_RULESET, ctypes.c_char_p(attributes), size, ctypes.c_uint32(0))

    def _rule(self, place: int, rights: int) -> ctypes.c_char_p:
        """`struct landlock_path_beneath_attr`."""
        rights &= self._handled
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        return ctypes.c_char_p(struct.pack("=Qi", rights, place))


def _add(ruleset: int, rule: ctypes.c_char_p) -> None:
    system_call(_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
