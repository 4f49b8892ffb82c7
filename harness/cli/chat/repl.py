"""`tend chat`: a line is typed, the agent answers, and what it does is seen while it does it."""

from __future__ import annotations

from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from rich.text import Text

from harness.cli.chat.conversation import Conversation, Turn
from harness.cli.chat.screen import Screen
from harness.cli.pages.layout import table
from harness.cli.pages.runs import run_table
from harness.cli.terminal import Terminal
from harness.words import count, money
from sidecar.client import NotRunning, Refused

HISTORY = "chat_history"  # in the store's folder

HELP = """\
/help            this
/sessions [ID]   the sessions; with an ID, go on with that one
/new             begin a new session
/runs            the latest runs
/cancel          stop what waits for your answer
/quit            leave (Ctrl-D)
Ctrl-C stops the agent while it works. Alt-Enter begins a new line."""


class Repl:
    def __init__(self, terminal: Terminal, session: str | None) -> None:
        self._terminal = terminal
        self._screen = Screen(terminal.out, streaming=True)
        self._conversation = Conversation(terminal.client, self._screen, session)

    def run(self) -> None:
        self._terminal.out.print(Text("Say what you need. /help lists the commands, Ctrl-D leaves.", style="dim"))
        typed = _reader(self._terminal)
        while True:
            try:
                line = typed.prompt("? " if self._conversation.asked else "> ").strip()
            except KeyboardInterrupt:  # at the prompt, it clears the line
                continue
            except EOFError:
                return
            if line == "/quit":
                return
            if line:
                self._obey(line)

    def _obey(self, line: str) -> None:
        try:
            if line.startswith("/"):
                self._command(*line[1:].split())
            else:
                self._say(line)
        except Refused as error:
            self._screen.line(Text(f"✗ {error}", style="red"))
        except NotRunning as error:
            self._screen.line(Text(f"✗ {error}. What was sent is stored; its answer will be in /sessions", style="red"))

    def _say(self, line: str) -> None:
        try:
            self._told(self._conversation.say(line))
        except KeyboardInterrupt:
            if self._conversation.cancel():
                self._screen.line(Text("⊘ cancelled", style="magenta"))

    def _told(self, turn: Turn) -> None:
        if turn.asked is not None:
            self._screen.line(Text(f"? {turn.asked.question}", style="bold yellow"))
            if turn.choices:
                self._screen.line(Text(f"  ({' · '.join(turn.choices)})"))
            return
        if turn.run.state != "succeeded":
            why = turn.run.error.message if turn.run.error else turn.run.reason or ""
            self._screen.line(Text(f"✗ {turn.run.state}: {why}", style="red"))
            self._screen.line(Text(self._terminal.command(f"runs show {turn.run.id}"), style="bold"))
        if turn.run.cost_usd is not None:
            self._screen.line(Text(money(turn.run.cost_usd), style="dim"))

    def _command(self, name: str = "help", *arguments: str) -> None:
        match name, arguments:
            case "help", _:
                self._screen.line(Text(HELP))
            case "new", _:
                self._conversation = Conversation(self._terminal.client, self._screen)
                self._screen.line(Text("A new session."))
            case "sessions", [session]:
                self._go_on_with(session)
            case "sessions", _:
                self._sessions()
            case "runs", _:
                self._terminal.out.print(run_table(self._terminal.client.runs(limit=10), self._terminal.words))
            case "cancel", _:
                done = self._conversation.cancel()
                self._screen.line(Text("⊘ cancelled" if done else "Nothing waits for your answer."))
            case _:
                self._screen.line(Text(f"✗ there is no /{name}. There are:\n{HELP}"))

    def _go_on_with(self, typed: str) -> None:
        found = [session for session in self._terminal.client.sessions() if session.id.startswith(typed)]
        if len(found) != 1:
            self._screen.line(Text(f"✗ {typed!r} is the start of {count(len(found), 'session')}; see /sessions"))
            return
        self._conversation = Conversation(self._terminal.client, self._screen, found[0].id)
        for entry in self._terminal.client.transcript(found[0].id):
            mark = ("> ", "bold") if entry.role == "person" else ("", "")
            self._screen.line(Text.assemble(mark, entry.text))

    def _sessions(self) -> None:
        words = self._terminal.words
        sessions = self._terminal.client.sessions()
        made = table("session", "begun", "said", "+title")
        for session in sessions:
            made.add_row(words.id(session.id), words.relative(session.created_at), str(session.messages), session.title)
        self._terminal.out.print(made if sessions else Text("No sessions yet. Say something."))


def _reader(terminal: Terminal) -> PromptSession[str]:
    """Enter sends; a pasted text stays whole; Alt-Enter begins a new line."""
    keys = KeyBindings()

    @keys.add("enter")
    def _send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    terminal.settings.store.mkdir(parents=True, exist_ok=True)
    history = FileHistory(str(terminal.settings.store / HISTORY))
    return PromptSession(history=history, multiline=True, key_bindings=keys)
