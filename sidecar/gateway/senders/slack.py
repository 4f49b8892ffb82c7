"""A message in a Slack channel, by the web API. The only module that imports slack_sdk.

The message's id goes along as metadata, by which it is found in the channel's history when the reply was lost. The
SDK's own retries are off: they send again without looking.
"""

from __future__ import annotations

import errno
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders.outcome import Outcome, seconds_asked_for
from sidecar.notices.targets import SlackTarget

WITHIN = 20  # seconds for one request
LOOK_UP_WITHIN = 60.0  # seconds until the last one of a look-up
EVENT_TYPE = "tend_notice"
TEXT_AT_MOST = 40_000  # characters; Slack cuts what is longer
ESCAPED = 5  # characters that one may become
CUT = "\n… The rest is too long for Slack: tend notices"
KINDS = ("public_channel", "private_channel")  # asked for by themselves, as each needs a scope of its own
CLOCKS_DIFFER = 300.0  # seconds that Slack's clock may be behind
PAGES = 10  # of the history that are looked through
PAGE = 200

# Slack's words for "not taken, but later perhaps", and for "something went wrong, perhaps after it was taken".
LATER = {"ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable", "team_added_to_org"}
LOST = {"internal_error", "fatal_error", "request_timeout"}
NOT_CONNECTED = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)
NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH)


def post(target: SlackTarget, token: str, request: NoticeRequest) -> Outcome:
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"delivery_id": request.message}}
    try:
        reply = _client(target, token).chat_postMessage(
            channel=request.channel or target.channel,
            text=_fitting(request.text),
            metadata=metadata,
            unfurl_links=False,
            unfurl_media=False,
        )
    except SlackApiError as error:
        return _answered(error.response)
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        return Outcome(state="later" if _never_connected(error) else "lost", why=_said(error))
    return Outcome(state="sent", remote=str(reply["ts"]))


def look_up(target: SlackTarget, token: str, request: NoticeRequest) -> Outcome:
    """Whether the channel's history has it."""
    deadline = time.monotonic() + LOOK_UP_WITHIN
    client = _client(target, token)
    try:
        channel = _channel_id(client, request.channel or target.channel, deadline)
        if channel is None:
            return Outcome(state="unknown", why=f"the bot sees no channel {request.channel or target.channel}")
        for message in _history(client, channel, request.since - CLOCKS_DIFFER, deadline):
            if _delivery_of(message) == request.message:
                return Outcome(state="sent", remote=str(message["ts"]))
    except SlackApiError as error:
        answered = _answered(error.response)
        return answered if answered.state == "later" else Outcome(state="unknown", why=answered.why)
    except _TooMany:
        return Outcome(state="unknown", why=f"more than {PAGES * PAGE:,} messages have come to the channel since")
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        return Outcome(state="later", why=_said(error))
    return Outcome(state="absent")


class _TooMany(Exception):
    pass


def _client(target: SlackTarget, token: str) -> WebClient:
    return WebClient(token=token, base_url=target.base_url, timeout=WITHIN, retry_handlers=[])


def _channel_id(client: WebClient, channel: str, deadline: float) -> str | None:
    """The history is asked for by id; who posts may give a name."""
    if not channel.startswith("#"):
        return channel
    for kind in KINDS:
        pages = client.conversations_list(types=kind, exclude_archived=True, limit=PAGE)
        for _, page in zip(range(PAGES), _until(deadline, pages), strict=False):
            for found in page["channels"]:
                if found["name"] == channel[1:]:
                    return str(found["id"])
    return None


def _history(client: WebClient, channel: str, since: float, deadline: float) -> Iterator[dict[str, Any]]:
    pages = client.conversations_history(channel=channel, oldest=f"{since:.6f}", include_all_metadata=True, limit=PAGE)
    for number, page in enumerate(_until(deadline, pages)):
        if number >= PAGES:
            raise _TooMany
        yield from page["messages"]


def _until(deadline: float, pages: Iterable[SlackResponse]) -> Iterator[SlackResponse]:
    for page in pages:
        if time.monotonic() > deadline:
            raise TimeoutError(f"to look it up took longer than {LOOK_UP_WITHIN:g} s")
        yield page


def _delivery_of(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return payload.get("delivery_id") if metadata.get("event_type") == EVENT_TYPE else None


def _answered(reply: SlackResponse | dict[str, Any]) -> Outcome:
    """To a request that was not ok."""
    if not isinstance(reply, SlackResponse):
        return Outcome(state="lost", why=str(reply))
    error = str(reply.get("error", ""))
    if reply.status_code == 429 or error in LATER:
        after = seconds_asked_for(_header(reply, "retry-after"))
        return Outcome(state="later", why=f"Slack says: {error or 'too many requests'}", retry_after=after)
    if reply.status_code >= 500 or error in LOST or reply.status_code != 200:
        return Outcome(state="lost", why=f"Slack answered {reply.status_code}: {error}")
    needed = f" (needs {reply.get('needed')})" if reply.get("needed") else ""
    return Outcome(state="refused", why=f"Slack says: {error}{needed}")


def _header(reply: SlackResponse, name: str) -> str | None:
    return next((str(value) for key, value in reply.headers.items() if key.lower() == name), None)


def _never_connected(error: Exception) -> bool:
    cause = error.reason if isinstance(error, URLError) else error
    return isinstance(cause, NOT_CONNECTED) or (isinstance(cause, OSError) and cause.errno in NO_ROUTE)


def _said(error: Exception) -> str:
    return f"no answer from Slack: {error or repr(error)}"


def _fitting(text: str) -> str:
    escaped = _escaped(text)
    if len(escaped) <= TEXT_AT_MOST:
        return escaped
    return _escaped(text[: (TEXT_AT_MOST - len(CUT)) // ESCAPED]) + CUT


def _escaped(text: str) -> str:
    """As Slack wants it, so that a text can't call a whole channel."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
