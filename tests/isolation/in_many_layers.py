"""`python -m tests.isolation.in_many_layers COMMAND…`: the command, held by as many Landlock rulesets as a process can
have: each allows all that matters, and one more is refused."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from itertools import count

from sidecar.isolation.kernel import renounce_privileges, system_call

_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_MAKE_BLOCK = 1 << 11  # all that they handle: to make a block device


def main() -> None:
    renounce_privileges()
    attributes = struct.pack("=Q", _MAKE_BLOCK)
    size, none = ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    ruleset = system_call(_CREATE_RULESET, ctypes.c_char_p(attributes), size, none)
    for _ in count():
        try:
            system_call(_RESTRICT_SELF, ctypes.c_int(ruleset), none)
        except OSError:
            break
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606


if __name__ == "__main__":
    main()
