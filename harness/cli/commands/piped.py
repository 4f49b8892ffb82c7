"""What is piped in."""

from __future__ import annotations

import sys

from harness.cli.failure import USAGE, Failure


def piped() -> str:
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        why = f"what came on stdin is not text in {sys.stdin.encoding}: {error}"
        raise Failure(why, next_="the same command with < FILE", type_="usage", code=USAGE) from error
