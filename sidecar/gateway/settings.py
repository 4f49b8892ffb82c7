"""What the gateway has to know. The sidecar passes it in and sends it over the socket: in a process's arguments
or environment, others of the same user could read the key."""

from __future__ import annotations

from dataclasses import dataclass, field

from sidecar.gateway.patience import Patience
from sidecar.notices.targets import Target
from sidecar.secret_folder import SecretFolder, names_in


@dataclass(frozen=True)
class GatewaySettings:
    """Where the model is, what it is called there for each purpose, and where notices go."""

    models: dict[str, str] = field(
        default_factory=lambda: {
            "write": "claude-opus-5-5",
            "review": "claude-sonnet-5-5",
            "ask": "claude-haiku-5-5",
        }
    )
    base_url: str | None = None  # any server that speaks the Messages protocol; None is Anthropic's own
    api_key: str | None = field(default=None, repr=False)
    secrets: tuple[SecretFolder, ...] = ()  # the first that has a name counts
    fallback_price: float = 20.0  # USD per million tokens, for a model whose price is unknown
    patience: Patience = field(default_factory=Patience)
    targets: dict[str, Target] = field(default_factory=dict)
    target_secrets: dict[str, str] = field(default_factory=dict, repr=False)  # by name, from the environment

    @property
    def knows_secrets(self) -> bool:
        """Whether there is anything to be kept secret."""
        return bool(self.api_key or self.target_secrets or names_in(self.secrets))
