"""The throwaway process in which hostile text is read: a snapshot comes in on stdin, a reading goes out on stdout."""

from __future__ import annotations

import sys

from sidecar.checker.exchange import decode_snapshot, encode_reading
from sidecar.checker.read_source import DEEPEST, read_source

sys.setrecursionlimit(DEEPEST)
sys.stdout.write(encode_reading(read_source(decode_snapshot(sys.stdin.read()))))
