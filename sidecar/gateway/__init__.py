"""The only way out: HTTP for steps, and calls to the model, performed by one process beside the sidecar.

    worker ─► sidecar ─► Gateway ═ socket pair ═► gateway process ─► hosts ─► fetch ─► the world
                                                               └──► model ─► the model's server

The sidecar checks that a step is open, and records request and reply; the gateway performs, bounds and retries.
This package imports no HTTP client and not the model's: only the gateway process does.
"""

from sidecar.gateway.errors import (
    Aborted,
    AddressRefused,
    ConnectFailed,
    EffectFailed,
    GatewayDied,
    HostNotDeclared,
    ModelNotConfigured,
    ModelRejected,
    ModelReplyCut,
    ModelUnavailable,
    ReplyBroken,
    RequestInvalid,
    SecretNotDeclared,
    SecretNotGranted,
    SecretNotSet,
    Timeout,
    TooLarge,
)
from sidecar.gateway.handle import Gateway
from sidecar.gateway.patience import Patience
from sidecar.gateway.settings import GatewaySettings

__all__ = [
    "Aborted",
    "AddressRefused",
    "ConnectFailed",
    "EffectFailed",
    "Gateway",
    "GatewayDied",
    "GatewaySettings",
    "HostNotDeclared",
    "ModelNotConfigured",
    "ModelRejected",
    "ModelReplyCut",
    "ModelUnavailable",
    "Patience",
    "ReplyBroken",
    "RequestInvalid",
    "SecretNotDeclared",
    "SecretNotGranted",
    "SecretNotSet",
    "Timeout",
    "TooLarge",
]
