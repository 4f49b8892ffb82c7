"""`python -m tests.bench web`: how fast the pages are, what open pages cost, how many webhooks are taken."""

from __future__ import annotations

from tests.bench.engine.several import Several
from tests.bench.web import live, pages, webhooks

BENCH = Several({"pages": pages.measure, "live": live.measure, "webhooks": webhooks.measure})
