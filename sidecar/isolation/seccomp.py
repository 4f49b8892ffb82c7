"""seccomp: which calls to the kernel this process may make. A filter is a small program that the kernel runs at each.

Written here and not by libseccomp, which is seldom installed: it is a list of comparisons.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from sidecar.isolation.kernel import prctl, system_call
from sidecar.isolation.syscalls import ARCHITECTURES, NEWEST, NUMBERS

# From <linux/seccomp.h>, <linux/audit.h> and <linux/bpf_common.h>.
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_GET_ACTION_AVAIL = 2
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _AND, _IF_EQUAL, _IF_GREATER, _RETURN = 0x20, 0x54, 0x15, 0x25, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16

_KILL = 0x80000000
_ERROR = 0x00050000
ALLOW = 0x7FFF0000
DENY = _ERROR | errno.EPERM  # PermissionError
IGNORE = _ERROR  # nothing is done, and all seems well
ABSENT = _ERROR | errno.ENOSYS  # as a kernel that has no such call: the C library then does without

_Instruction: TypeAlias = tuple[int, int, int, int]  # code, steps to jump where true, where false, value


@dataclass(frozen=True)
class OneOf:
    """The argument (from 0), an `int` of the call, is one of these."""

    argument: int
    values: tuple[int, ...]

    def instructions(self) -> list[_Instruction]:
        left = len(self.values)
        tests = [(_IF_EQUAL, left - index, 0, value) for index, value in enumerate(self.values)]
        return [_load(self.argument), *tests, _answer(DENY)]


@dataclass(frozen=True)
class Bits:
    """Of these bits of the argument, exactly `set_` are set."""

    argument: int
    among: int
    set_: int = 0

    def instructions(self) -> list[_Instruction]:
        return [_load(self.argument), (_AND, 0, 0, self.among), (_IF_EQUAL, 1, 0, self.set_), _answer(DENY)]


@dataclass(frozen=True)
class Null:
    """The argument is no address."""

    argument: int

    def instructions(self) -> list[_Instruction]:
        zero = ((_IF_EQUAL, 1, 0, 0), _answer(DENY))
        return [_load(self.argument), *zero, _load(self.argument, high=True), *zero]


Rule: TypeAlias = int | OneOf | Bits | Null  # an answer, or what has to hold for ALLOW; else it is DENY


def available() -> bool:
    """Whether this kernel has filters, and we have its numbers."""
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        return False
    answer = ctypes.c_uint32(_ERROR)
    try:
        system_call(_SECCOMP[machine], ctypes.c_uint(_GET_ACTION_AVAIL), ctypes.c_uint(0), ctypes.byref(answer))
    except OSError:
        return False
    return True


def compiled(rules: Mapping[str, Rule], otherwise: int) -> bytes:
    return b"".join(struct.pack("=HBBI", *each) for each in _program(rules, otherwise))


def filled_in(program: bytes, what: int, with_: int) -> bytes:
    """The compiled program, with another value where it has the value `what`, which it has nowhere by chance."""
    return program.replace(struct.pack("=I", what), struct.pack("=I", with_))


def restrict(program: bytes) -> None:
    """Hold this thread, and all that it starts, to the compiled rules, for good. It needs no_new_privs."""
    text = ctypes.create_string_buffer(program, len(program))
    described = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(text)))
    prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(described))


def _program(rules: Mapping[str, Rule], otherwise: int) -> list[_Instruction]:
    machine = platform.machine()
    mine = ARCHITECTURES.index(machine)
    made = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_IF_EQUAL, 1, 0, _ARCHITECTURE[machine]),
        _answer(_KILL),  # another architecture's calls have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_GREATER, 0, 1, NEWEST),
        _answer(ABSENT),
    ]
    for name, rule in rules.items():
        number = NUMBERS[name][mine]
        if number is not None:
            then = [_answer(rule)] if isinstance(rule, int) else [*rule.instructions(), _answer(ALLOW)]
            made += [(_IF_EQUAL, 0, len(then), number), *then]
    return [*made, _answer(otherwise)]


def _load(argument: int, *, high: bool = False) -> _Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * argument + 4 * high)


def _answer(value: int) -> _Instruction:
    return (_RETURN, 0, 0, value)
