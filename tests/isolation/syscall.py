"""A call to the kernel by its name."""

from __future__ import annotations

import ctypes
import platform

from sidecar.isolation.kernel import system_call
from sidecar.isolation.syscalls import ARCHITECTURES, NUMBERS


def call(name: str, *arguments: int) -> int:
    number = NUMBERS[name][ARCHITECTURES.index(platform.machine())]
    assert number is not None, name
    return system_call(number, *map(ctypes.c_long, arguments))
