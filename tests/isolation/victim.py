"""A process that has a secret in its memory and environment, says where, and waits for its end."""

from __future__ import annotations

import ctypes
import sys

SECRET = "nobody must read this"  # noqa: S105 # not of anything


def main() -> None:
    kept = ctypes.create_string_buffer(SECRET.encode())
    print(ctypes.addressof(kept), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
