"""What a worker has to read: the interpreter, its libraries, Tend's own packages, time zones. Nothing of a person's."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from sidecar import failpoints
from sidecar.isolation.landlock import READ, WRITE

_SHARED_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache")
_OF_THE_SYSTEM = ("/usr/share/zoneinfo", "/etc/localtime", "/etc/mime.types", "/dev/urandom", "/dev/zero")
_PROCESSORS = ("/proc/cpuinfo", "/sys/devices/system/cpu")  # mypy asks how many there are
_OURS = ("skills", "sidecar", "harness")  # an editable installation has them elsewhere than the libraries


def worker_places() -> Iterator[tuple[Path, int]]:
    """Places with the rights that a worker has there."""
    installed = sysconfig.get_paths()
    libraries = {installed[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    for path in (*libraries, *_packages(), *_SHARED_LIBRARIES, *_OF_THE_SYSTEM, *_PROCESSORS, f"{sys.base_prefix}/lib"):
        yield Path(path), READ
    yield Path(os.devnull), WRITE
    if file := os.environ.get(failpoints.VARIABLE):
        yield Path(file), WRITE


def _packages() -> Iterator[str]:
    for name in _OURS:
        spec = find_spec(name)
        yield from (spec.submodule_search_locations or ()) if spec else ()
