"""The throwaway process in which hostile text is read: a snapshot comes in on stdin, a reading goes out on stdout."""

from __future__ import annotations

import sys

from sidecar.checker.exchange import decode_snapshot, encode_reading
from sidecar.checker.read_source import read_source

# The stages walk trees by recursion, and a long sum is a deep tree. Python frames need no C stack.
sys.setrecursionlimit(20_000)

sys.stdout.write(encode_reading(read_source(decode_snapshot(sys.stdin.read()))))
