"""The conversation: at once on the command line, and line by line on a screen; no reply is lost."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from harness.cli.chat.repl import Repl
from harness.cli.console import InertConsole
from harness.cli.terminal import Terminal
from sidecar.client import views

from . import examples
from .conftest import Tend
from .double import Double
from .pseudo_terminal import on_terminal

SESSION = "5e5510f15e5510f1"
REPLY = "It is live: every Monday at 9."


class Agent:
    """What the double does when something is said: `acts` publish moments, the last one says how it ended."""

    def __init__(self, sidecar: Double, *acts: Callable[[str], None]) -> None:
        self.sidecar = sidecar
        self.acts = list(acts)
        self.said: list[str] = []
        self.entries: list[views.TranscriptEntry] = []
        self.state: views.RunState = "queued"
        self.question: views.Approval | None = None
        self.turns = 0
        sidecar.answers |= {
            "status": examples.status(),
            "chat.send": self.send,
            "chat.transcript": lambda _: self.entries,
            "chat.sessions": [views.Session(id=SESSION, created_at=examples.NOW, title="prices", messages=2)],
            "runs.show": lambda _: examples.run_detail(run=self.run()),
            "runs.cancel": self.cancel,
            "approvals.list": lambda _: [self.question] if self.question else [],
        }

    def run(self) -> views.Run:
        error = examples.ERROR if self.state == "failed" else None
        return examples.run(id=f"{self.turns:016x}", skill="agent", trigger="chat", state=self.state, error=error)

    def send(self, arguments: dict[str, Any]) -> views.Run:
        if self.question is None:
            self.turns += 1
        self.question, self.state = None, "running"
        self.said.append(arguments["text"])
        started = self.run()
        self.acts.pop(0)(started.id)
        return started

    def cancel(self, _: object) -> views.Run:
        self.end(self.run().id, "cancelled")
        return self.run()

    def text(self, run: str, text: str) -> None:
        self.sidecar.publish("text", run=run, session=SESSION, text=text)

    def tool(self, run: str, name: str, state: str, **more: str) -> None:
        self.sidecar.publish("tool", run=run, session=SESSION, name=name, state=state, **more)

    def reply(self, run: str, text: str) -> None:
        self.entries.append(views.TranscriptEntry(at=examples.NOW, role="agent", text=text, run=run))
        self.end(run, "succeeded")

    def ask(self, run: str, question: str, **changed: object) -> None:
        self.state = "waiting"
        self.question = examples.approval(**{"run": run, "kind": "question", "question": question} | changed)
        self.sidecar.publish("approval", id=self.question.id, state="open", question=question, run=run)

    def end(self, run: str, state: views.RunState) -> None:
        self.state = state
        self.sidecar.publish("run", run=run, skill="agent", state=state, trigger="chat")


def writes_a_skill(agent: Agent) -> Callable[[str], None]:
    def act(run: str) -> None:
        agent.tool(run, "skills.read", "started", summary="reads price_report")
        agent.tool(run, "skills.read", "succeeded", summary="")
        agent.tool(run, "skills.write", "started", summary="writes price_report")
        agent.tool(run, "skills.write", "failed", summary="price_report refused: 2 problems")
        agent.sidecar.publish("retry", run=run, error="529 overloaded", wait=2)
        agent.text(run, "It is live: ")
        agent.text(run, "every Monday at 9.")
        agent.reply(run, REPLY)

    return act


# ---------------------------------------------------------------- once


def test_one_message_prints_the_reply_alone_on_stdout(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [writes_a_skill(agent)]
    done = tend("-p", "Tell me the prices every Monday")

    assert (done.returncode, done.stdout) == (0, REPLY + "\n")
    assert "✗ price_report refused: 2 problems" in done.stderr
    assert "↻ 529 overloaded, again in 2 s" in done.stderr


def test_a_reply_is_printed_also_where_it_has_signs_that_the_terminal_lacks(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.reply(run, "✓ It is live.")]

    assert tend("-p", "hello", PYTHONIOENCODING="latin-1:strict").stdout == "? It is live.\n"


def test_one_message_in_json(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [writes_a_skill(agent)]
    told = tend.json("chat", "-p", "hello", "--session", SESSION)

    assert told == {"session": SESSION, "run": f"{1:016x}", "reply": REPLY, "cost_usd": 0.0021}
    assert ("chat.send", {"text": "hello", "session": SESSION}) in sidecar.asked


def test_a_message_may_be_piped_in(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [writes_a_skill(agent)]

    assert tend("chat", stdin="hello\nagent\n").stdout == REPLY + "\n"
    assert agent.said == ["hello\nagent"]


def test_a_failed_run_exits_1_with_the_next_command(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.end(run, "failed")]
    done = tend("-p", "hello")

    assert (done.returncode, done.stdout) == (1, "")
    assert "503 from prices.example.com" in done.stderr
    assert done.stderr.rstrip().endswith(f"tend runs show {1:016x}")


def test_a_question_is_printed_with_the_command_that_answers_it(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Which city?"), lambda run: agent.reply(run, "Oslo it is.")]
    asked = tend("-p", "weather")

    session = f"{1:016x}"
    assert (asked.returncode, asked.stdout) == (0, "? Which city?\n")
    assert f'Answer with: tend chat --session {session} -p "…"' in asked.stderr
    assert tend("-p", "Oslo", "--session", session).stdout == "Oslo it is.\n"


def test_a_question_with_choices_is_printed_with_a_command_for_each(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Which city?", choices=("Oslo", 'the "old" town'))]
    asked = tend("-p", "weather")

    session = f"{1:016x}"
    assert asked.stdout == '? Which city? (Oslo · the "old" town)\n'
    assert asked.stderr.splitlines()[-3:] == [
        "Answer with one of these, or in other words:",
        f"  tend chat --session {session} -p Oslo",
        f"  tend chat --session {session} -p 'the \"old\" town'",
    ]


def test_the_choices_of_a_question_are_in_the_json(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Which city?", choices=("Oslo", "Bergen"))]
    told = tend.json("chat", "-p", "weather")

    assert (told["question"], told["choices"]) == ("Which city?", ["Oslo", "Bergen"])


def test_an_approval_is_printed_with_the_commands_that_decide_it(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Delete it?", kind="approval")]
    asked = tend("-p", "clean up")

    assert asked.stdout == "? Delete it? (yes · no)\n"
    assert agent.question is not None
    assert f"tend approvals approve {agent.question.id}" in asked.stderr
    assert f"tend approvals deny {agent.question.id}" in asked.stderr


def test_without_a_model_it_says_which_setting_is_missing(tend: Tend, sidecar: Double) -> None:
    sidecar.answers["status"] = examples.status(model=None, model_missing="TEND_ANTHROPIC_API_KEY")
    done = tend("-p", "hello")

    assert done.returncode == 1
    assert "TEND_ANTHROPIC_API_KEY" in done.stderr
    assert done.stderr.rstrip().endswith("Next: tend demo")


def test_ctrl_c_cancels_the_run_and_exits_130(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.tool(run, "skills.write", "started", summary="writes price_report")]
    process = tend.start("-p", "hello", stdout=-1, stderr=-1, stdin=-3)
    assert process.stderr is not None
    assert "writes price_report" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert process.returncode == 130
    assert "runs.cancel" in sidecar.commands()


def test_a_reply_survives_the_sidecars_restart(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.text(run, "It is")]
    process = tend.start("-p", "hello", "--json", stdout=-1, stderr=-1, stdin=-3)
    sidecar.wait_until(lambda: sidecar.streams == 1)
    sidecar.stop()
    sidecar.forget()
    agent.reply(f"{1:016x}", REPLY)  # it ended while nobody listened
    sidecar.forget()
    sidecar.start()
    out, _ = process.communicate(timeout=20)

    assert json.loads(out)["reply"] == REPLY


def test_a_question_that_was_missed_is_found_in_the_store(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.text(run, "Well")]
    process = tend.start("-p", "weather", stdout=-1, stderr=-1, stdin=-3)
    sidecar.wait_until(lambda: sidecar.streams == 1)
    sidecar.stop()
    agent.ask(f"{1:016x}", "Which city?")
    sidecar.forget()
    sidecar.start()
    out, _ = process.communicate(timeout=20)

    assert "? Which city?" in out


# ---------------------------------------------------------------- line by line


@pytest.fixture
def screen(workspace: Path, runtime: Path) -> Callable[..., str]:
    """Type lines into the chat, and read what it showed."""

    def chat(*lines: str, session: str | None = None) -> str:
        written = io.StringIO()
        terminal = Terminal()
        terminal.__dict__["out"] = InertConsole(file=written, width=80, markup=False, emoji=False, highlight=False)
        with _typed("".join(line if line == "\x04" else f"{line}\r" for line in lines)), terminal.client:
            Repl(terminal, session).run()
        return written.getvalue()

    return chat


@contextmanager
def _typed(text: str) -> Iterator[None]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        keys.send_text(text)
        yield


def test_text_streams_and_each_tool_has_its_line(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [writes_a_skill(agent)]
    shown = screen("Tell me the prices", "/quit").splitlines()

    assert shown[1:] == [
        "✎ reads price_report",
        "✎ writes price_report",
        "✗ price_report refused: 2 problems",
        "↻ 529 overloaded, again in 2 s",
        REPLY,  # as it streamed, and not a second time
        "$0.0021",
    ]


def test_a_session_goes_on_over_several_lines(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.reply(run, "First."), lambda run: agent.reply(run, "Second.")]
    shown = screen("one", "two", "/quit")

    assert shown.index("First.") < shown.index("Second.")
    assert shown.count("First.") == 1
    sessions = [arguments["session"] for command, arguments in sidecar.asked if command == "chat.send"]
    assert sessions == [None, f"{1:016x}"]


def test_the_next_line_answers_a_question(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [
        lambda run: agent.ask(run, "Which city?", choices=("Oslo", "Bergen")),
        lambda run: agent.reply(run, "Oslo it is."),
    ]
    shown = screen("weather", "Oslo", "/quit")

    assert shown.index("? Which city?") < shown.index("(Oslo · Bergen)") < shown.index("Oslo it is.")
    assert agent.said == ["weather", "Oslo"]


def test_yes_answers_an_approval(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Delete it?", kind="approval")]

    def answered(arguments: dict[str, Any]) -> views.Answered:
        assert arguments["answer"] == "yes"
        agent.question = None
        agent.reply(f"{1:016x}", "Deleted.")
        return examples.answered()

    sidecar.answers["approvals.answer"] = answered
    shown = screen("clean up", "yes", "/quit")

    assert shown.index("? Delete it?") < shown.index("Deleted.")
    assert agent.said == ["clean up"]


def test_a_pasted_text_is_one_message(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.reply(run, "Read.")]
    screen("\x1b[200~first\nsecond\x1b[201~", "/quit")

    assert agent.said == ["first\nsecond"]


def test_ctrl_d_leaves(screen: Callable[..., str], sidecar: Double) -> None:
    Agent(sidecar)

    assert "Ctrl-D leaves" in screen("\x04")


def test_the_commands(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    sidecar.answers["runs.list"] = [examples.run()]
    agent.entries = [views.TranscriptEntry(at=examples.NOW, role="person", text="prices, please", run=None)]
    shown = screen("/help", "/sessions", "/sessions 5e55", "/runs", "/cancel", "/new", "/nonsense", "/quit")

    for told in (
        "Alt-Enter",
        "5e5510f1",
        "> prices, please",
        "price_report",
        "Nothing waits",
        "A new session",
        "no /no",
    ):
        assert told in shown


def test_cancel_stops_what_waits_for_an_answer(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.ask(run, "Which city?")]

    assert "⊘ cancelled" in screen("weather", "/cancel", "/quit")
    assert agent.state == "cancelled"


def test_ctrl_c_stops_the_agent_and_the_chat_goes_on(tend: Tend, sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [
        lambda run: agent.tool(run, "skills.write", "started", summary="writes price_report"),
        lambda run: agent.reply(run, "Here I am."),
    ]
    with on_terminal(tend, "chat") as terminal:
        terminal.type("write\r")
        terminal.see("writes price_report")
        terminal.process.send_signal(signal.SIGINT)
        terminal.see("cancelled")
        terminal.type("again\r")
        terminal.see("Here I am.")
        terminal.type("/quit\r")
        assert terminal.ends() == 0

    assert agent.said == ["write", "again"]


def test_a_failed_turn_is_told_and_the_chat_goes_on(screen: Callable[..., str], sidecar: Double) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.end(run, "failed"), lambda run: agent.reply(run, "Here I am.")]
    shown = screen("one", "two", "/quit")

    assert "✗ failed: 503 from prices.example.com" in shown
    assert "Here I am." in shown


def test_what_was_typed_is_kept_for_the_next_chat(screen: Callable[..., str], sidecar: Double, workspace: Path) -> None:
    agent = Agent(sidecar)
    agent.acts = [lambda run: agent.reply(run, "Yes.")]
    screen("remember this", "/quit")

    assert "+remember this" in (workspace / ".tend" / "chat_history").read_text()
