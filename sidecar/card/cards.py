"""The card of a version, beside that of the active one."""

from __future__ import annotations

from sqlalchemy.engine import Connection

from sidecar.card.cost import model_cost
from sidecar.card.powers import does_more, powers, scheduled_a_day, spends, wider
from sidecar.card.secrets import secret_uses
from sidecar.checker.manifest import Manifest
from sidecar.client.views import Card
from sidecar.secret_folder import SecretFolder
from sidecar.store import Store
from sidecar.triggers.schedule import Schedule, in_words


class Cards:
    """`zone` is that of schedules which name none, `model` the one that skills ask, `secrets` where they lie."""

    def __init__(self, store: Store, zone: str, model: str, secrets: tuple[SecretFolder, ...]) -> None:
        self._store = store
        self.zone = zone
        self._model = model
        self._secrets = secrets

    def card(self, manifest: Manifest, version: str, active: Manifest | None = None) -> Card:
        """`active` is what the skill's active version declares, where that is another one."""
        return self._store.read(lambda connection: self._card(connection, manifest, version, active))

    def _card(self, connection: Connection, manifest: Manifest, version: str, active: Manifest | None) -> Card:
        timed = [Schedule(trigger, self.zone) for trigger in manifest.timed]
        return Card(
            may=powers(manifest) if manifest.budget is None else (*powers(manifest), spends(manifest)),
            hosts=manifest.hosts,
            reads=manifest.reads,
            writes=manifest.writes,
            commands=manifest.commands,
            secrets=secret_uses(connection, manifest, self._secrets),
            irreversible=manifest.irreversible,
            schedule=in_words(timed, manifest.events),
            runs_a_day=scheduled_a_day(manifest),
            model_calls=manifest.model_calls,
            cost=model_cost(connection, manifest, version, self._model),
            budget_usd=manifest.budget,
            wider=wider(manifest, active) if active else (),
            narrower=does_more(active, manifest) if active else (),
        )
