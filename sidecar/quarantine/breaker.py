"""The circuit breaker of one skill, as a state machine without clock or store.

                 a failure, the Nth in a row             the cool-down is over, a trigger starts a run
       closed ────────────────────────────────► open ─────────────────────────────────────────────► trial
         ▲  ▲                                    │ ▲                                                  │ │
         │  └──────── a success, a person ───────┘ └────────────────── it fails ──────────────────────┘ │
         └──────────────────────────────────────── it succeeds ─────────────────────────────────────────┘

People are told of the first failure, of the opening, and once when it is well again, whatever lay between.

A run's end is only counted at first (`failed`, `succeeded`), since whoever ends it knows no policy; `settled` draws
the consequence. To settle twice changes nothing, whatever the policy is by then; nor does a failure before the trial.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Change: TypeAlias = Literal["failing", "opened", "reopened", "recovered"]


@dataclass(frozen=True)
class Policy:
    failures: int  # in a row, after which it opens
    cool_down: float  # seconds until a trial, and again after each that fails


@dataclass(frozen=True)
class Breaker:
    failures: int = 0  # in a row
    failed_at: float = 0.0
    last_run: str | None = None  # that was counted
    opened_at: float | None = None
    trial_from: float | None = None
    trial: str | None = None  # the run that is let through, until it ends
    told: bool = False  # people know that it fails

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None and self.failures > 0

    def lets_through(self, now: float) -> bool:
        """Whether a trigger may start a run. A clock that was put back does not prolong the cool-down."""
        if self.opened_at is None or self.trial_from is None or not self.is_open:
            return True
        return self.trial is None and not self.opened_at <= now < self.trial_from

    def started(self, run: str) -> Breaker:
        """A trigger has started a run; while the breaker is open, it is the trial."""
        return replace(self, trial=run) if self.is_open else self

    def failed(self, run: str, now: float) -> Breaker:
        trial = None if run == self.trial else self.trial
        return replace(self, failures=self.failures + 1, failed_at=now, last_run=run, trial=trial)

    def succeeded(self, run: str) -> Breaker:
        return replace(self, failures=0, last_run=run, trial=None)

    def afresh(self) -> Breaker:
        """Nothing counts any more; but people who know that it failed are told when it is well again."""
        return Breaker(told=self.told)

    def without_trial(self) -> Breaker:
        """The trial has told nothing: it was cancelled, or is kept no more. Another may be tried."""
        return replace(self, trial=None)

    def settled(self, policy: Policy) -> tuple[Breaker, Change | None]:
        """What follows from what was counted, and what is to be told of it."""
        if self.failures == 0 and self.last_run is None:
            return self, None  # nothing has been counted
        if self.failures == 0:
            return Breaker(), "recovered" if self.told else None
        if self.opened_at is None and self.failures < policy.failures:
            return (self, None) if self.told else (replace(self, told=True), "failing")
        if self.trial_from is not None and self.trial_from >= self.failed_at:
            return self, None
        trial_from = self.failed_at + policy.cool_down
        if self.opened_at is None:
            return replace(self, opened_at=self.failed_at, trial_from=trial_from, told=True), "opened"
        return replace(self, trial_from=trial_from), "reopened"
