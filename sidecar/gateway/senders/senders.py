"""Which sender a message is for, and whether the secrets that it needs are there."""

from __future__ import annotations

import asyncio
from typing import assert_never

from sidecar.gateway.errors import SecretNotSet
from sidecar.gateway.fetch import Fetcher
from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders import webhook
from sidecar.gateway.senders.mail import send_mail
from sidecar.gateway.senders.outcome import Outcome
from sidecar.gateway.settings import GatewaySettings
from sidecar.gateway.vault import Vault
from sidecar.notices.targets import MailTarget, SlackTarget, Target, WebhookTarget
from sidecar.secret_folder import SHORTEST

WITHIN = 110.0  # seconds, within which each kind has an end by itself; less than the gateway's handle waits


class Senders:
    def __init__(self, settings: GatewaySettings, fetcher: Fetcher, vault: Vault) -> None:
        self._targets = settings.targets
        self._from_environment = settings.target_secrets
        self._fetcher = fetcher
        self._vault = vault

    async def perform(self, request: NoticeRequest) -> Outcome:
        """No secret is in what is sent, nor in what is said of it."""
        target = self._targets.get(request.target)
        if target is None:
            return Outcome(state="refused", why=f"there is no target {request.target!r}")
        redactor = self._vault.redactor()
        try:
            secrets = [self._value(name) for name in target.secrets]
        except SecretNotSet as missing:
            return Outcome(state="later", why=missing.message)
        redacted = NoticeRequest.model_validate(redactor.json(request.model_dump(mode="json")))
        try:
            async with asyncio.timeout(WITHIN):
                outcome = await self._send(target, secrets, redacted)
        except TimeoutError:
            return Outcome(
                state="lost" if request.action == "send" else "later", why=f"it took longer than {WITHIN:g} s"
            )
        return outcome.model_copy(update={"why": redactor.text(outcome.why)})

    def _value(self, name: str) -> str:
        """The environment goes before the vault. Raises SecretNotSet."""
        value = self._from_environment.get(name)
        if value is not None and len(value) < SHORTEST:
            raise SecretNotSet(f"TEND_{name} has less than {SHORTEST} characters, too few to be kept secret.")
        return value or self._vault.value(name)

    async def _send(self, target: Target, secrets: list[str], request: NoticeRequest) -> Outcome:
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
