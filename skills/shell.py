"""Programs from inside a step. Each runs in a box of its own: no network, no files but the system's and the scratch
folder of this attempt, and nothing of it is left when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from textwrap import shorten

from pydantic import BaseModel, ConfigDict

from skills.open_step import open_step
from skills.wire import Json


class Finished(BaseModel):
    """How a program ended. `output` is what it wrote, errors too; `status` is 0 where all was well, and above 128 where
    a signal ended it."""

    model_config = ConfigDict(frozen=True)

    status: int
    output: str


def run(argv: Sequence[str], *, stdin: str = "", timeout: timedelta = timedelta(minutes=1)) -> Finished:
    """Run the program `argv[0]`, which has to be declared in `commands=`, to its end; it reads `stdin`. Raises
    `EffectFailed` if it takes longer, writes more than 1 MiB, or can't be started. No shell reads the arguments."""
    request: Json = {"argv": list(argv), "stdin": stdin, "timeout": timeout.total_seconds()}
    action = f"run {shorten(' '.join(argv), 200, placeholder=' …')}"
    return Finished.model_validate(open_step("shell.run").effect("shell", request, action))
