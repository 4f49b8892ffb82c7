"""All couriers, on the host that leads: of many hosts, one at a time delivers."""

from __future__ import annotations

from contextlib import ExitStack

from sidecar.client.settings import Settings
from sidecar.clock import Clock
from sidecar.gateway import Gateway
from sidecar.moments import Moments
from sidecar.notices.courier import Courier
from sidecar.notices.routes import declare_targets
from sidecar.store import Store


class Couriers:
    def __init__(self, settings: Settings, store: Store, clock: Clock, gateway: Gateway, moments: Moments) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._couriers = [
            Courier(name, target, store, clock, gateway, moments) for name, target in settings.targets.items()
        ]
        self._started = ExitStack()

    def start(self) -> None:
        declared, alerts, now = self._settings.targets, self._settings.alerts, self._clock.now()
        self._store.write(lambda connection: declare_targets(connection, declared, alerts, now))
        for courier in self._couriers:
            courier.looking.start()
            self._started.callback(courier.looking.stop)

    def stop(self) -> None:
        self._started.close()
