"""The secrets of this host, as the gateway process holds them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sidecar.gateway.errors import SecretNotSet
from sidecar.gateway.redact import Redactor
from sidecar.secret_folder import SHORTEST, SecretSource


class Vault:
    """Reads the sources again whenever they have changed. `others` are redacted, and given to nobody."""

    def __init__(self, sources: Sequence[SecretSource], others: Iterable[tuple[str, str]]) -> None:
        self._sources = sources
        self._others = list(others)
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
            self._known = (state, Redactor(self._values()))
        return self._known[1]

    def _values(self) -> list[tuple[str, str]]:
        """Of each place, also where another has the same name before it."""
        kept = [(name, source.read(name) or "") for source in self._sources for name in source.names()]
        return [(name, value) for name, value in dict.fromkeys(self._others + kept) if len(value) >= SHORTEST]
