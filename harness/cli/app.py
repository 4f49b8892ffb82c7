"""`tend` and its commands; every way in which a command can end is in `main`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

import typer
from typer.exceptions import TyperException

from harness.cli.commands import (
    approvals,
    audit,
    backup,
    chat,
    cost,
    demo,
    doctor,
    events,
    hook,
    notices,
    overview,
    review,
    runs,
    secret,
    skills,
    stop,
    token,
    up,
    web,
    why,
)
from harness.cli.failure import INTERRUPTED, USAGE, Failure, report
from harness.cli.terminal import AsJson, Terminal, Workspace


def build() -> typer.Typer:
    app = typer.Typer(
        name="tend",
        help="Say what you need; an agent writes it as a durable Python skill, and mends it when it misfires.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(start)
    for command in (up.up, up.worker, demo.demo, chat.chat, events.emit):
        app.command()(command)
    groups = (web.group, skills.group, runs.group, review.group, approvals.group, secret.group)
    for group in (*groups, events.group, hook.group, token.group, notices.group, cost.group):
        app.add_typer(group)
    for command in (stop.stop, stop.start, audit.audit):
        app.command()(command)
    for command in (why.why, overview.status, doctor.doctor, backup.backup, backup.restore):
        app.command()(command)
    return app


def start(
    ctx: typer.Context,
    workspace: Workspace = None,
    as_json: AsJson = False,
    prompt: chat.Prompt = None,
    session: chat.Session = None,
) -> None:
    ctx.obj = Terminal(workspace=workspace, as_json=as_json)
    if ctx.invoked_subcommand is None:
        chat.chat(ctx=ctx, workspace=None, as_json=False, prompt=prompt, session=session)
    elif prompt is not None or session is not None:
        raise Failure(
            f"-p and --session belong to the chat, not to {ctx.invoked_subcommand!r}",
            next_="tend chat --help",
            type_="usage",
            code=USAGE,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no ✓ gets a ?, not a traceback
    typed = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in typed
    try:
        code = build()(args=typed, prog_name="tend", standalone_mode=False)
    except Failure as failure:
        return report(failure, as_json=as_json)
    except TyperException as error:
        if not error.format_message().strip():  # a group without a command: its help has been shown
            return USAGE
        return report(_misread(error), as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    return code if isinstance(code, int) else 0


def _misread(error: TyperException) -> Failure:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "tend"
    return Failure(error.format_message(), next_=f"{path} --help", type_="usage", code=USAGE)
