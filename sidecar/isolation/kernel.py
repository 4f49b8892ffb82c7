"""The few calls to the operating system that Python's library has no words for. What fails raises OSError."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from functools import cache
from typing import Any

LINUX = sys.platform == "linux"

# From <linux/prctl.h> and <linux/capability.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITY_VERSION_3 = 0x20080522


def system_call(number: int, *arguments: Any) -> int:
    return _checked(_libc().syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, *arguments: int) -> int:
    padded = (*arguments, 0, 0, 0, 0)[:4]  # it reads four words, whether they mean anything or not
    return _checked(_libc().prctl(ctypes.c_int(option), *map(ctypes.c_ulong, padded)))


def hide_memory() -> None:
    """Keep other processes of the same user, a skill's worker above all, from reading this one's memory and
    environment, and from tracing it. A program that this process becomes by exec has to say so again."""
    if LINUX:
        prctl(_PR_SET_DUMPABLE, 0)


def show_memory() -> None:
    """Undo it: who makes a user namespace writes into its own folder in /proc."""
    prctl(_PR_SET_DUMPABLE, 1)


def die_with_parent(parent: int) -> None:
    """`parent` forked this process; at once, where it has died since. 0: another one did, or it can't be told."""
    if not LINUX:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def renounce_privileges() -> None:
    """Give up what root may do beyond its own files; no program that is executed from here on gets it back."""
    if not LINUX:
        return
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    nothing = (ctypes.c_uint32 * 6)()
    _checked(_libc().capset(header, nothing))


def unshare(namespaces: int) -> None:
    _checked(_libc().unshare(ctypes.c_int(namespaces)))


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result
