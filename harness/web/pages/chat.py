"""Chat: the conversations with the agent, and one of them."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["chat"])


class Chat(views.View):
    sessions: tuple[views.Session, ...]
    missing: str | None  # which setting, before the agent can answer


class Conversation(views.View):
    session: str
    said: tuple[views.TranscriptEntry, ...]
    answering: views.Run | None  # the run that is at it, or waits
    asked: tuple[views.Approval, ...]  # what it asks the person
    missing: str | None


class Message(views.View):
    text: str
    session: str | None = None  # left out: a new one, whose id is the answer's


@page(router, "/chat", "chat.html")
def chat(client: Sidecar) -> Chat:
    return Chat(sessions=tuple(client.sessions()), missing=client.status().model_missing)


@page(router, "/chat/{session}", "conversation.html")
def conversation(client: Sidecar, session: str) -> Conversation:
    said = client.transcript(session)
    newest = client.run(said[-1].run if said and said[-1].run else session).run
    answering = newest if newest.state not in views.FINAL else None
    return Conversation(
        session=session,
        said=tuple(said),
        answering=answering,
        asked=tuple(each for each in client.approvals() if answering and each.run == answering.id),
        missing=client.status().model_missing,
    )


@router.post("/api/chat")
def say(client: Sidecar, given: Message) -> views.Run:
    """The run that answers; it is stored when this returns. Where the agent waits for an answer, this is the answer."""
    return client.send(given.text, session=given.session)
