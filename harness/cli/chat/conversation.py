"""One session with the agent: what is said goes out, what comes of it is told, and no reply is lost."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from harness.cli.chat.screen import Screen
from harness.cli.following import LOST, moments_of
from sidecar.client import Client, Refused, views

YES, NO = ("y", "yes"), ("n", "no")


@dataclass(frozen=True)
class Turn:
    """How far a message got: to the agent's reply, or to something that it asks the person."""

    run: views.Run
    reply: str
    asked: views.Approval | None = None

    @property
    def choices(self) -> tuple[str, ...]:
        """Answers to what is asked; none where it wants words."""
        if self.asked is None:
            return ()
        return self.asked.choices or (("yes", "no") if self.asked.kind == "approval" else ())


class Conversation:
    def __init__(self, client: Client, screen: Screen, session: str | None = None) -> None:
        self._client = client
        self._screen = screen
        self._seen = 0  # the last moment that was told
        self.session = session
        self.asked: views.Approval | None = None  # what the next message answers
        self.running: str | None = None  # the run that answers, until it has ended

    def say(self, text: str) -> Turn:
        """Send the message, or answer what is asked, and follow the run until it ends or asks."""
        self._screen.begin()
        run = self._send(text)
        self.session = self.session or run
        self.running = run
        for moment in moments_of(self._client, run, since=self._seen, lost=self._say_that_it_is_lost):
            self._seen = max(self._seen, moment.id)
            self._screen.tell(moment)
            self.asked = self._what_is_asked(moment)
            if self.asked:
                self._screen.end("")
                return Turn(self._client.run(run).run, self._reply(run), self.asked)
        self.running = None
        reply = self._reply(run)
        self._screen.end(reply)
        return Turn(self._client.run(run).run, reply)

    def cancel(self) -> bool:
        """Stop the run that would answer; False where there is none."""
        if self.running is None:
            return False
        self._client.cancel(self.running, "cancelled in the chat")
        self.running = self.asked = None
        return True

    def _send(self, text: str) -> str:
        asked, self.asked = self.asked, None
        if asked is not None and asked.run and asked.kind == "approval" and text.lower() in (*YES, *NO):
            answered = self._client.answer(asked.id, "yes" if text.lower() in YES else "no")
            if answered.outcome != "counted":
                raise Refused(answered.outcome, answered.said, 409)
            return asked.run
        return self._client.send(text, session=self.session).id

    def _what_is_asked(self, moment: views.Moment) -> views.Approval | None:
        """The approval that the moment tells of, where it is still open."""
        if moment.topic != "approval" or moment.data["state"] != "open":
            return None
        return next((open_ for open_ in self._client.approvals() if open_.id == moment.data["id"]), None)

    def _reply(self, run: str) -> str:
        said = self._client.transcript(self.session or run)
        return "\n\n".join(entry.text for entry in said if entry.role == "agent" and entry.run == run)

    def _say_that_it_is_lost(self) -> None:
        self._screen.line(Text(LOST, style="yellow"))
