"""One module for each kind of candidate: its query, its thresholds with their reasons, its lines of evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sidecar.review.candidate import Candidate
from sidecar.review.kinds.cost import find_cost
from sidecar.review.kinds.expectation import find_expectations
from sidecar.review.kinds.failures import find_failures
from sidecar.review.kinds.refused import find_refused_approvals
from sidecar.review.kinds.retries import find_retries
from sidecar.review.kinds.silence import find_silence
from sidecar.review.kinds.slow import find_slow
from sidecar.review.kinds.stale import find_stale_output
from sidecar.review.week import Week

FINDERS: tuple[Callable[[Week], Iterator[Candidate]], ...] = (
    find_stale_output,  # what nobody else notices comes first
    find_failures,
    find_expectations,
    find_silence,
    find_refused_approvals,
    find_retries,
    find_slow,
    find_cost,
)

__all__ = ["FINDERS"]
