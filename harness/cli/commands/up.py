"""`tend up` and `tend worker`: the sidecar, supervised, and what happens in it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import typer

from harness.cli.failure import INTERRUPTED, USAGE, Failure
from harness.cli.terminal import Terminal, with_terminal

if TYPE_CHECKING:
    from sidecar.client import views

LAST_WORDS = 2.0  # seconds to tell what happened while the sidecar stopped


@with_terminal
def up(terminal: Terminal) -> None:
    """Start the sidecar, keep it running, and tell what happens. Ctrl-C stops it."""
    _keep_running(terminal, worker=False)


@with_terminal
def worker(terminal: Terminal) -> None:
    """Execute runs for other hosts, which share the database that TEND_DATABASE_URL names. Ctrl-C stops it."""
    if terminal.settings.database_url is None:
        raise Failure(
            "a worker shares a database with other hosts, and none is named",
            next_="TEND_DATABASE_URL=postgresql://… tend worker",
            type_="usage",
            code=USAGE,
        )
    _keep_running(terminal, worker=True)


def _keep_running(terminal: Terminal, *, worker: bool) -> None:
    from harness.cli.announcer import Announcer
    from harness.cli.pages.status import welcome_page
    from harness.cli.supervisor import Supervisor
    from harness.cli.web_pages import WebPages

    _refuse_a_second(terminal)
    announcer = Announcer(terminal)
    pages = WebPages(terminal.settings, say=terminal.err.print)
    serves = bool(terminal.settings.web_port) and not worker

    def came_up(status: views.Status) -> None:
        if not terminal.as_json:
            terminal.out.print(welcome_page(status, terminal.words, pages.link if serves else None), soft_wrap=True)
        announcer.start()
        if serves:
            pages.start()

    supervisor = Supervisor(
        terminal.settings, say=terminal.err.print, came_up=came_up, command=terminal.command, worker=worker
    )
    try:
        supervisor.run()
    finally:
        pages.stop()
    if announcer.is_alive():
        announcer.finish(within=LAST_WORDS)
    terminal.progress(f"○ Tend is down. What waits goes on at the next: {terminal.command('up')}")
    if supervisor.stopped_by == signal.SIGINT:
        raise typer.Exit(INTERRUPTED)


def _refuse_a_second(terminal: Terminal) -> None:
    from sidecar.client import NotRunning

    try:
        pid = terminal.client.status().pid
    except NotRunning:
        return
    raise Failure(
        f"a sidecar runs already for {terminal.settings.workspace}, as pid {pid}",
        next_=terminal.command("status"),
        type_="already_running",
    )
