"""The secrets of this host, as the gateway process holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sidecar.gateway.errors import SecretNotSet
from sidecar.gateway.redact import Redactor
from sidecar.secret_folder import SHORTEST, SecretSource


class Vault:
    """Reads the sources again whenever they have changed. `others` are redacted, and given to nobody."""

    def __init__(self, sources: Sequence[SecretSource], others: Mapping[str, str]) -> None:
        self._sources = sources
        self._others = {name: value for name, value in others.items() if len(value) >= SHORTEST}
        self._known: tuple[object, Redactor] | None = None

    def value(self, name: str) -> str:
        """Raises SecretNotSet."""
        for source in self._sources:
            value = source.read(name)
            if value is None:
                continue
            if problem := source.problem(name):
                raise SecretNotSet(f"The secret {name} can't be used: {problem}")
            if len(value) < SHORTEST:
                raise SecretNotSet(f"The secret {name} has less than {SHORTEST} characters, too few to be kept secret.")
            return value
        raise SecretNotSet(f"The secret {name} has no value on this host. Type there: tend secret set {name}")

    def redactor(self) -> Redactor:
        """For all values that there are now, whoever may use them."""
        state = [source.state() for source in self._sources]
        if self._known is None or self._known[0] != state:
            self._known = (state, Redactor(self._others | self._values()))
        return self._known[1]

    def _values(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for source in reversed(self._sources):
            values = {name: source.read(name) or "" for name in source.names()}
            found |= {name: value for name, value in values.items() if len(value) >= SHORTEST}
        return found
