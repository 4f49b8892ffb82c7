"""All couriers, on the host that leads: of many hosts, one at a time delivers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from sqlalchemy.engine import Connection

from sidecar.caller import TEND
from sidecar.client.settings import Settings
from sidecar.clock import Clock
from sidecar.gateway import Gateway
from sidecar.moments import Moments
from sidecar.notices import outbox
from sidecar.notices.alerts import raise_alert
from sidecar.notices.courier import UNDELIVERED, Courier
from sidecar.notices.patience import LOOK_UP_AFTER
from sidecar.notices.routes import declare_targets
from sidecar.notices.targets import Target
from sidecar.notices.tell import Notice, alert
from sidecar.store import Store


class Couriers:
    def __init__(self, settings: Settings, store: Store, clock: Clock, gateway: Gateway, moments: Moments) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._moments = moments
        self._couriers = [
            Courier(name, target, store, clock, gateway, moments) for name, target in settings.targets.items()
        ]
        self._started = ExitStack()

    def start(self) -> None:
        declared, alerts, now = self._settings.targets, self._settings.alerts, self._clock.now()
        for told in self._store.write(lambda connection: take_over(connection, declared, alerts, now)):
            self._moments.publish("notice", run="", skill=told.skill, target=told.target, text=told.text)
        for courier in self._couriers:
            courier.looking.start()
            self._started.callback(courier.looking.stop)

    def stop(self) -> None:
        self._started.close()


def take_over(
    connection: Connection, declared: Mapping[str, Target], alerts: Sequence[str], now: float
) -> list[Notice]:
    """From here on these targets are delivered to, by whoever calls. What waited for others has failed; the alerts that
    say so. What was on its way when the last one ended may still arrive: it is looked up after a while."""
    outbox.postpone_begun(connection, now + LOOK_UP_AFTER)
    told = []
    for name, number in declare_targets(connection, declared, alerts, now).items():
        what = "A notice" if number == 1 else f"{number} notices"
        text = f"{what} did not come to {name}: the settings have no such target any more. See: tend notices"
        wrong = alert(UNDELIVERED, skill=TEND, text=text)
        if raise_alert(connection, name, wrong, now):
            told.append(wrong)
    return told
