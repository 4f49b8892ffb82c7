"""The settings that hold on all hosts alike: those of the host that leads, as the store has them.

Whoever executes a run asks, pays and tells the time by these, whatever its own say.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import fields, replace

import sqlalchemy as sa
from pydantic_core import to_jsonable_python
from sqlalchemy.engine import Connection

from sidecar.client.settings import Settings
from sidecar.store import Store
from sidecar.store.schema import state
from sidecar.store.values import insert

HOLD_ON_ALL = (
    *("zone", "approvals", "approvers", "least_tier", "breaker_failures", "breaker_cool_down"),
    *(field.name for field in fields(Settings) if field.name.startswith("budget_")),
)
_ROW = {"skill": "", "name": "settings"}  # beside what skills keep: no skill has this name

log = logging.getLogger(__name__)


class InForce:
    """`go_by` is called with this host's own settings, but for what the host that leads says for all, whenever that
    has changed."""

    def __init__(self, own: Settings, go_by: Callable[[Settings], None]) -> None:
        self._own = own
        self._go_by = go_by
        self._now = own
        self._leads = False
        self._turn = threading.Lock()

    def follow(self, connection: Connection) -> bool:
        """Go by what the store says; False: no host has ever led."""
        said = connection.scalar(sa.select(state.c.value).where(*(state.c[name] == _ROW[name] for name in _ROW)))
        if said is None:
            return False
        with self._turn:
            if not self._leads:  # else it was read before
                self._adopt(_with(self._own, said))
        return True

    def lead(self, store: Store, now: float) -> None:
        """From here on all hosts go by the settings of this one."""
        values = {"value": _said(self._own), "revision": 1, "run": "", "updated_at": now}

        def change(connection: Connection) -> None:
            row = insert(connection, state).values(**_ROW, **values)
            connection.execute(row.on_conflict_do_update(index_elements=list(_ROW), set_=values))

        store.write(change)
        with self._turn:
            self._leads = True
            self._adopt(self._own)

    def _adopt(self, settings: Settings) -> None:
        if settings == self._now:
            return
        self._now = settings
        self._go_by(settings)
        if others := unlike(self._own, settings):
            log.info("the host that leads has other settings, which hold here too: %s", ", ".join(others))


def unlike(own: Settings, in_force: Settings) -> list[str]:
    """The names of those that differ."""
    return [name for name in HOLD_ON_ALL if getattr(own, name) != getattr(in_force, name)]


def _said(settings: Settings) -> dict[str, object]:
    said: dict[str, object] = to_jsonable_python({name: getattr(settings, name) for name in HOLD_ON_ALL})
    return said


def _with(own: Settings, said: dict[str, object]) -> Settings:
    """Another Tend's may lack some, or have some more."""
    known = {name: said[name] for name in HOLD_ON_ALL if name in said}
    if isinstance(approvers := known.get("approvers"), dict):
        known["approvers"] = {skill: tuple(names) for skill, names in approvers.items()}
    return replace(own, **known)  # type: ignore[arg-type] # as they were declared
