"""How a command ends when it could not do what was asked: an exit code, a sentence, and the next command to type."""

from __future__ import annotations

import json
import sys
from typing import Final, Literal, TypeAlias

FAILED: Final = 1  # the thing asked for failed
USAGE: Final = 2  # the command line can't be read that way, or a setting can't be used
NOT_RUNNING: Final = 3  # no sidecar answers for this workspace
INTERRUPTED: Final = 130  # Ctrl-C

ExitCode: TypeAlias = Literal[1, 2, 3, 130]


class Failure(Exception):
    """Ends the command. `next_` is the command that helps; `type_` names the reason for programs."""

    def __init__(self, message: str, *, next_: str, type_: str = "failed", code: ExitCode = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.next = next_
        self.type = type_
        self.code = code


def report(failure: Failure, *, as_json: bool) -> ExitCode:
    """Say it on stderr, and return the exit code."""
    if as_json:
        error = {"type": failure.type, "message": failure.message, "next": failure.next}
        print(json.dumps({"error": error}), file=sys.stderr)
        return failure.code

    from harness.cli.console import stderr_console

    console = stderr_console()
    console.print("✗ ", style="bold red", end="")
    console.print(failure.message, soft_wrap=True)
    console.print(f"  Next: {failure.next}", style="bold", soft_wrap=True)
    return failure.code
