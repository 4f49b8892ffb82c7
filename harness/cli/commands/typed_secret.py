"""A value that nobody is to see: asked for, or read from stdin; never an argument, which others could see."""

from __future__ import annotations

import sys

import typer

from harness.cli.commands.piped import piped
from harness.cli.failure import USAGE, Failure


def typed_secret(what: str, *, twice: bool = False) -> str:
    if sys.stdin.isatty():
        typed: str = typer.prompt(f"{what} (not shown)", hide_input=True, err=True, confirmation_prompt=twice)
        return typed.strip()
    given = piped().strip()
    if not given:
        message = f"nothing came on stdin for: {what}. And nobody is there to be asked"
        raise Failure(message, next_="the same command with < FILE", type_="usage", code=USAGE)
    return given
