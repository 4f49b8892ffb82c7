"""What a browser's form sends, which is a little less than what is meant."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator


def _chosen(value: object) -> object:
    return None if value == "" else value


Chosen = BeforeValidator(_chosen)  # a form sends its empty fields too


def in_zone(zone: ZoneInfo, at: datetime | None) -> datetime | None:
    """A form's time has no zone."""
    return at.replace(tzinfo=zone) if at and at.tzinfo is None else at
