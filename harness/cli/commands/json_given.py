"""JSON as it is typed: the text itself, @FILE, or - for stdin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.cli.commands.piped import piped
from harness.cli.failure import USAGE, Failure


def json_given(typed: str | None, *, as_: str, example: str) -> Any:
    """The value; None where nothing was typed. `as_` names the argument in the error, `example` shows it right."""
    if typed is None:
        return None
    try:
        text = piped() if typed == "-" else Path(typed[1:]).read_text("utf-8") if typed.startswith("@") else typed
        return json.loads(text)
    except FileNotFoundError as error:
        raise Failure(f"there is no file {typed[1:]}", next_=example, type_="usage", code=USAGE) from error
    except OSError as error:
        message = f"{as_} can't be read: {error.strerror}"
        raise Failure(message, next_=example, type_="usage", code=USAGE) from error
    except ValueError as error:
        raise Failure(f"{as_} is not JSON: {error}", next_=example, type_="usage", code=USAGE) from error
    except RecursionError:
        message = f"{as_} is nested too deeply"
        raise Failure(message, next_=example, type_="usage", code=USAGE) from None
