"""Tells the person who watches `tend up` what happens, a line for each thing that is worth one."""

from __future__ import annotations

import threading
import time

from rich.console import RenderableType

from harness.cli.live import noteworthy, problems
from harness.cli.pages.layout import page
from harness.cli.pages.report import problem
from harness.cli.terminal import Terminal
from harness.words import Words
from sidecar.client import Client, NotRunning, Refused, views

AGAIN = 0.2  # seconds until a lost sidecar is looked for again


class Announcer(threading.Thread):
    """Follows the moments, over the sidecar's restarts, until the process ends or `finish` is called."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__(name="announcer", daemon=True)
        self._terminal = terminal
        self._over = threading.Event()

    def finish(self, within: float) -> None:
        """Tell what is still on the way, for so many seconds at most."""
        self._over.set()
        self.join(within)

    def run(self) -> None:
        since = 0
        with Client(self._terminal.settings) as client:
            while not self._over.is_set():
                try:
                    for moment in client.moments(since=since):
                        since = moment.id
                        self._tell(client, moment)
                except NotRunning:
                    pass
                time.sleep(AGAIN)

    def _tell(self, client: Client, moment: views.Moment) -> None:
        if self._terminal.as_json:
            print(moment.model_dump_json(), flush=True)
            return
        words = self._terminal.words
        line = noteworthy(moment, words)
        if line is not None:
            self._terminal.out.print(page(line, _more(client, moment, words)))


def _more(client: Client, moment: views.Moment, words: Words) -> RenderableType | None:
    """What to know besides, and to type: a refused file's problems, a failed run's error, who is asked for what."""
    data = {name: str(value) for name, value in moment.data.items()}
    try:
        match moment.topic:
            case "check" if not moment.data["passed"]:
                return page(*map(problem, problems(moment)))
            case "run" if data["state"] == "failed":
                error = client.run(data["run"]).run.error
                why = f"    {error.type}: {error.message}\n" if error else ""
                return why + _type(words, f"runs show {words.id(data['run'])}")
            case "approval":
                return _type(words, "approvals list")
            case "proposal":
                return _type(words, "review latest")
            case _:
                return None
    except (NotRunning, Refused):  # what it tells of has gone since, or the sidecar has
        return None


def _type(words: Words, command: str) -> str:
    return f"    {words.command(command)}"
