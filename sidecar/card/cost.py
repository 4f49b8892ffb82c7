"""What a skill's model calls cost: by its last runs; else an estimate from its code, which says so."""

from __future__ import annotations

from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sidecar.card.powers import scheduled_a_day
from sidecar.checker.manifest import Manifest
from sidecar.client.views import ModelCost
from sidecar.store.schema import effects, runs

LAST_RUNS = 100
TOKENS_IN, TOKENS_OUT = 2_000, 500  # that a call is assumed to take
DAYS = 30  # of a month


def model_cost(connection: Connection, manifest: Manifest, version: str, model: str) -> ModelCost | None:
    """None: it asks no model."""
    if not manifest.uses_model:
        return None
    known, a_run = _by_its_runs(connection, manifest.name, version)
    basis = f"its last {known} run{'s' * (known != 1)}"
    if not known:
        a_call, places = _usd_of_a_call(model), manifest.model_calls
        a_run = a_call * places if a_call is not None and places else None
        basis = (
            f"an estimate: {places} call{'s' * (places != 1)} in its code, each once, "
            f"{TOKENS_IN:,} tokens in and {TOKENS_OUT:,} out"
        )
    return ModelCost(run_usd=a_run, month_usd=_a_month(manifest, a_run), basis=basis)


def _by_its_runs(connection: Connection, skill: str, version: str) -> tuple[int, float | None]:
    """How many of the skill's last runs were its, and what one cost; None where the price of a call is unknown."""
    newest = sa.select(runs).where(runs.c.skill == skill).order_by(runs.c.seq.desc()).limit(LAST_RUNS).subquery()
    its = (newest.c.version == version, newest.c.ended_at.is_not(None), ~newest.c.rehearsal)
    last = connection.scalars(sa.select(newest.c.id).where(*its)).all()
    asked = (effects.c.run.in_(last), effects.c.kind == "model", effects.c.error.is_(None))
    costs = connection.scalars(sa.select(effects.c.cost_usd).where(*asked)).all() if last else []
    known = [cost for cost in costs if cost is not None]
    return len(last), sum(known) / len(last) if last and len(known) == len(costs) else None


def _a_month(manifest: Manifest, a_run: float | None) -> float | None:
    """Unknown where something else than a schedule starts it too."""
    scheduled = scheduled_a_day(manifest)
    return None if a_run is None or not scheduled or manifest.events else a_run * scheduled * DAYS


@lru_cache
def _usd_of_a_call(model: str) -> float | None:
    from sidecar.gateway.prices import Tokens, cost_usd  # a list of prices: a second to load, and seldom needed

    return cost_usd(model, Tokens(TOKENS_IN, TOKENS_OUT, 0, 0))
