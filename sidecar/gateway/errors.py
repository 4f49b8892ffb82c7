"""Why an effect has no reply. `retryable` says whether the same request may succeed later.

EffectFailed
├── RequestInvalid      not a request that can be sent: method, url, headers, size
├── HostNotDeclared     the skill's `hosts=` does not list it, or not with that port
├── AddressRefused      the name stands for a private address
├── SecretNotDeclared   the skill's `secrets=` does not list it
├── SecretNotGranted    no person has allowed this skill to send it to that host
├── SecretNotSet        it has no value on this host, or one that others can read
├── ConnectFailed  *    no connection: name unknown, nobody there, wrong certificate
├── Timeout        *    no whole reply in time
├── ReplyBroken    *    the connection or the encoding broke inside the reply
├── TooLarge            the reply has more bytes than a step may receive
├── ModelNotConfigured  no key, no server, or no model name for that purpose
├── ModelRejected       the model's server will not answer this request: 400, 401, 403, 404, ...
├── ModelReplyCut       the reply reached `max_tokens` inside a tool call; it has cost what it says
├── ModelUnavailable *  every try failed
├── Aborted             the caller gave up
└── GatewayDied    *    the process ended before it answered; the effect may have happened
                   * = retryable
"""

from __future__ import annotations

from typing import ClassVar

from skills.wire import Json


class EffectFailed(Exception):
    """The effect has no reply. `type` is the class's name: what is stored and what crosses the process boundary."""

    retryable: ClassVar[bool] = False
    unbilled: bool = False  # the last try of a model call that ended so has cost nothing, surely
    spent: dict[str, Json] | None  # or as much as this says, as a reply would

    def __init__(self, message: str, *, unbilled: bool | None = None, spent: dict[str, Json] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.spent = spent
        if unbilled is not None:
            self.unbilled = unbilled

    @property
    def type(self) -> str:
        return type(self).__name__


class RequestInvalid(EffectFailed):
    unbilled = True


class HostNotDeclared(EffectFailed):
    pass


class AddressRefused(EffectFailed):
    pass


class SecretNotDeclared(EffectFailed):
    pass


class SecretNotGranted(EffectFailed):
    pass


class SecretNotSet(EffectFailed):
    pass


class ConnectFailed(EffectFailed):
    retryable = True


class Timeout(EffectFailed):
    retryable = True


class ReplyBroken(EffectFailed):
    retryable = True


class TooLarge(EffectFailed):
    pass


class ModelNotConfigured(EffectFailed):
    unbilled = True


class ModelRejected(EffectFailed):
    unbilled = True


class ModelReplyCut(EffectFailed):
    pass


class ModelUnavailable(EffectFailed):
    retryable = True


class Aborted(EffectFailed):
    pass


class GatewayDied(EffectFailed):
    retryable = True


def named(type_name: str, message: str, *, unbilled: bool, spent: dict[str, Json] | None) -> EffectFailed:
    """The error that the gateway process reported by name."""
    kinds = {kind.__name__: kind for kind in EffectFailed.__subclasses__()}
    return kinds.get(type_name, EffectFailed)(message, unbilled=unbilled, spent=spent)
