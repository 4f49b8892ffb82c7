"""What each command works with: the settings, the sidecar's client, and the screen or the pipe it answers on."""

from __future__ import annotations

import functools
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Concatenate, ParamSpec

import typer

from harness.cli.failure import FAILED, NOT_RUNNING, USAGE, Failure
from harness.words import Words, command

if TYPE_CHECKING:
    # Imported where they are first needed: the start of `tend --help` is not to wait for them.
    from pydantic import BaseModel
    from rich.console import Console, RenderableType

    from sidecar.client import Client, Refused, Settings

P = ParamSpec("P")

Workspace = Annotated[Path | None, typer.Option("--workspace", help="The folder with skills/; its store is .tend/.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")]


@dataclass(frozen=True)
class Terminal:
    """One command's view of the person. Nothing is opened before it is used."""

    workspace: Path | None = None  # as given on the command line
    as_json: bool = False

    @cached_property
    def settings(self) -> Settings:
        from sidecar.client import load_settings

        return load_settings(workspace=self.workspace)

    @cached_property
    def client(self) -> Client:
        from sidecar.client import Client

        return Client(self.settings)

    def close(self) -> None:
        if "client" in vars(self):
            self.client.close()

    @cached_property
    def out(self) -> Console:
        from harness.cli.console import stdout_console

        return stdout_console()

    @cached_property
    def err(self) -> Console:
        from harness.cli.console import stderr_console

        return stderr_console()

    @property
    def words(self) -> Words:
        """As of this moment."""
        return Words(
            now=datetime.now(UTC),
            zone=self.settings.zone,
            short_ids=self.out.is_terminal,
            workspace=self.workspace,
        )

    def answer(self, view: BaseModel | Sequence[BaseModel] | None, page: RenderableType) -> None:
        """Print the command's answer: the view as JSON, or its page."""
        if self.as_json:
            self.answer_json(_plain(view))
        else:
            self.out.print(page)

    def answer_json(self, data: Any) -> None:
        print(json.dumps(data, indent=2))

    def progress(self, page: RenderableType) -> None:
        """Say on stderr how things go, where a person is reading."""
        if not self.as_json:
            self.err.print(page)

    def command(self, typed: str) -> str:
        """What to type next."""
        return command(typed, self.workspace)


def with_terminal(act: Callable[Concatenate[Terminal, P], None]) -> Callable[..., None]:
    """Give a command its Terminal, the options --workspace and --json, and the sidecar's errors as Failures.

    Both options stand before the command's name or after it.
    """

    @functools.wraps(act)
    def run(*, ctx: typer.Context, workspace: Path | None, as_json: bool, **arguments: Any) -> None:
        above = ctx.find_object(Terminal) or Terminal()
        terminal = Terminal(workspace=workspace or above.workspace, as_json=as_json or above.as_json)
        _guarded(act, terminal, group=ctx.command_path.partition(" ")[2].partition(" ")[0], arguments=arguments)

    own = list(inspect.signature(act, eval_str=True).parameters.values())[1:]
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("ctx", keyword, annotation=typer.Context),
        *(parameter.replace(kind=keyword) for parameter in own),
        inspect.Parameter("workspace", keyword, default=None, annotation=Workspace),
        inspect.Parameter("as_json", keyword, default=False, annotation=AsJson),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # what typer reads
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _guarded(act: Callable[..., None], terminal: Terminal, *, group: str, arguments: dict[str, Any]) -> None:
    from pydantic import ValidationError

    from sidecar.client import NotRunning, Refused, SettingsError

    try:
        act(terminal, **arguments)
    except BrokenPipeError as error:  # whoever reads our answer has read enough
        raise typer.Exit from error
    except NotRunning as error:
        message = str(error).removesuffix(" Start it with: tend up")
        raise Failure(message, next_=terminal.command("up"), type_="not_running", code=NOT_RUNNING) from error
    except Refused as error:
        raise Failure(str(error), next_=terminal.command(_helpful(error, group)), type_=error.type) from error
    except SettingsError as error:
        raise Failure(str(error), next_=terminal.command("doctor"), type_="settings", code=USAGE) from error
    except OSError as error:
        raise Failure(str(error), next_=terminal.command("doctor"), type_="system") from error
    except ValidationError as error:
        message = f"the sidecar answers in words that this tend does not know ({error.title}); is it another version?"
        raise Failure(
            message, next_=f"stop what runs, and: {terminal.command('up')}", type_="version", code=FAILED
        ) from error
    finally:
        terminal.close()
        _flush()


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# What to type when the sidecar has answered no and names nothing itself, by the first word of the command.
_HELPFUL = {
    "skills": "skills list",
    "runs": "runs list",
    "review": "review latest",
    "approvals": "approvals list",
    "secret": "secret list",
    "chat": "runs list",
    "notices": "notices",
    "cost": "cost cap",
    "why": "skills list",
    "emit": "emit --help",
    "events": "events list",
    "backup": "backup --help",
}


def _helpful(refused: Refused, group: str) -> str:
    if refused.type == "not_leading":
        return "status"
    named = re.search(r": tend ([\w ./#-]+?)\.?$", str(refused))  # "there is no skill 'x'. See: tend skills list"
    return named[1] if named else _HELPFUL.get(group, "doctor")


def _plain(view: BaseModel | Sequence[BaseModel] | None) -> Any:
    if view is None:
        return None
    if isinstance(view, Sequence):
        return [item.model_dump(mode="json") for item in view]
    return view.model_dump(mode="json")


def is_person() -> bool:
    """Whether somebody types and reads: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
