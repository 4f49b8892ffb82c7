"""Which sender a message is for, and whether the secrets that it needs are there."""

from __future__ import annotations

import asyncio
from typing import assert_never

from sidecar.client.targets import MailTarget, SlackTarget, WebhookTarget
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders import webhook
from sidecar.gateway.senders.mail import send_mail
from sidecar.gateway.senders.outcome import Outcome
from sidecar.gateway.settings import GatewaySettings


class Senders:
    def __init__(self, settings: GatewaySettings, fetcher: Fetcher) -> None:
        self._targets = settings.targets
        self._secrets = settings.target_secrets
        self._fetcher = fetcher

    async def perform(self, request: NoticeRequest) -> Outcome:
        target = self._targets.get(request.target)
        if target is None:
            return Outcome(state="refused", why=f"there is no target {request.target!r}")
        for secret in target.secrets:
            if not self._secrets.get(secret):
                return Outcome(state="later", why=f"the secret {secret} is not set. Set TEND_{secret}, and: tend up")
        secrets = [self._secrets[name] for name in target.secrets]
        match target:
            case SlackTarget():
                return await asyncio.to_thread(_slack, target, secrets[0], request)
            case WebhookTarget():
                if request.action == "look_up":
                    return Outcome(state="unknown", why="a webhook has no history")
                return await webhook.post(self._fetcher, target, secrets[0], request)
            case MailTarget():
                if request.action == "look_up":
                    return Outcome(state="unknown", why="a mail server has no history")
                return await asyncio.to_thread(send_mail, target, "".join(secrets), request)
            case _:
                assert_never(target)


def _slack(target: SlackTarget, token: str, request: NoticeRequest) -> Outcome:
    """In a thread, as the import takes a while."""
    from sidecar.gateway.senders.slack import look_up, post

    return (post if request.action == "send" else look_up)(target, token, request)
