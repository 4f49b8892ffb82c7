"""What a cron expression is, wherever one is given: five fields, as Debian's cron reads them."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError


class NotACron(ValueError):
    """The message says why."""


def read_cron(expression: str) -> CronSim:
    """Its times, from a leap year on, for 29 February. Raises NotACron."""
    # cronsim itself would read a sixth field, as seconds.
    if (count := len(expression.split())) != 5:
        raise NotACron(f"cron {expression!r} has {count} fields instead of five")
    try:
        return CronSim(expression, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise NotACron(f"cron {expression!r}: {str(error)[:1].lower()}{str(error)[1:]}") from error
