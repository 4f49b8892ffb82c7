"""The breaker's rules, held over any order of failures, successes, triggers, cancellations and clocks."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sidecar.quarantine.breaker import Breaker, Policy

POLICY = Policy(failures=3, cool_down=100.0)


def failed(times: int, *, at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for number in range(times):
        breaker = breaker.failed(f"run {number}", at).settled(POLICY)[0]
    return breaker


def test_it_opens_at_the_third_failure_in_a_row() -> None:
    assert not failed(2).is_open
    assert failed(2).failed("x", 5.0).settled(POLICY)[1] == "opened"
    assert not failed(2).succeeded("x").settled(POLICY)[0].failed("y", 5.0).settled(POLICY)[0].is_open


def test_after_the_cool_down_one_trial_is_let_through() -> None:
    opened = failed(3, at=10.0)
    assert not opened.lets_through(109.9)
    assert opened.lets_through(110.0)
    assert not opened.started("trial").lets_through(110.0)
    assert opened.started("trial").without_trial().lets_through(110.0)


def test_a_trial_that_fails_starts_the_cool_down_again() -> None:
    again, change = failed(3, at=10.0).started("trial").failed("trial", 120.0).settled(POLICY)
    assert change == "reopened"
    assert (again.opened_at, again.trial_from, again.trial) == (10.0, 220.0, None)
    assert not again.lets_through(219.9)


def test_what_one_host_has_settled_is_settled_for_one_that_has_yet_to_hear_of_another_policy() -> None:
    opened = failed(3, at=10.0)
    for other in (Policy(failures=3, cool_down=50.0), Policy(failures=9, cool_down=500.0)):
        assert opened.settled(other) == (opened, None)
    again = opened.started("trial").failed("trial", 120.0).settled(POLICY)[0]
    assert again.settled(Policy(failures=3, cool_down=50.0)) == (again, None)


def test_a_call_that_fails_meanwhile_puts_no_trial_off() -> None:
    called, change = failed(3, at=10.0).failed("call", 60.0).settled(POLICY)
    assert (called.trial_from, change) == (110.0, None)


def test_people_are_told_of_the_first_failure_and_once_when_it_is_well_again() -> None:
    once, change = Breaker().failed("x", 5.0).settled(POLICY)
    assert change == "failing"
    twice, change = once.failed("y", 6.0).settled(POLICY)
    assert change is None
    waits, change = twice.afresh().settled(POLICY)
    assert change is None, "other bytes are not yet a success"
    assert waits.succeeded("z").settled(POLICY) == (Breaker(), "recovered")


def test_a_success_closes_it_and_is_told_once() -> None:
    closed, change = failed(3).started("trial").succeeded("trial").settled(POLICY)
    assert (closed, change) == (Breaker(), "recovered")
    assert closed.settled(POLICY) == (Breaker(), None)


def test_a_clock_that_was_put_back_does_not_prolong_the_cool_down() -> None:
    assert failed(3, at=1_000_000.0).lets_through(500.0)


class AnyHistory(RuleBasedStateMachine):
    """Beside the breaker stands the plain history that it sums up."""

    @initialize()
    def begin(self) -> None:
        self.breaker = Breaker()
        self.now = 1_000.0
        self.in_a_row = 0
        self.last_failure = 0.0
        self.open = False
        self.trial: str | None = None
        self.runs = 0
        self.known = False  # to people: that it fails

    def settle(self) -> None:
        self.breaker, change = self.breaker.settled(POLICY)
        was, self.open = self.open, self.in_a_row >= POLICY.failures
        known, self.known = self.known, self.in_a_row > 0
        if self.in_a_row == 0:
            assert change == ("recovered" if known else None)
        elif self.open:
            assert change in ("reopened", None) if was else change == "opened"
        else:
            assert change == (None if known else "failing")

    @rule(seconds=st.floats(0, 250))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_call_fails(self) -> None:
        self.end("call", failed=True)

    @rule()
    def a_call_succeeds(self) -> None:
        self.end("call", failed=False)

    @precondition(lambda self: self.trial is not None)
    @rule(how=st.sampled_from(["failed", "succeeded", "cancelled"]))
    def the_trial_ends(self, how: str) -> None:
        assert self.trial is not None
        if how == "cancelled":
            self.breaker, self.trial = self.breaker.without_trial(), None
        else:
            self.end(self.trial, failed=how == "failed")

    def end(self, run: str, *, failed: bool) -> None:
        self.in_a_row = self.in_a_row + 1 if failed else 0
        if failed:
            self.last_failure = self.now
            self.breaker = self.breaker.failed(run, self.now)
        else:
            self.breaker = self.breaker.succeeded(run)
        if run == self.trial or not failed:
            self.trial = None
        self.settle()

    @rule()
    def other_bytes_go_live(self) -> None:
        self.breaker = self.breaker.afresh()
        self.in_a_row, self.open, self.trial = 0, False, None

    @rule()
    def a_trigger_is_due(self) -> None:
        cooled = self.now >= self.last_failure + POLICY.cool_down
        assert self.breaker.lets_through(self.now) == (not self.open or (cooled and self.trial is None))
        if self.breaker.lets_through(self.now):
            self.runs += 1
            self.breaker = self.breaker.started(f"run {self.runs}")
            self.trial = f"run {self.runs}" if self.open else None

    @invariant()
    def it_is_open_after_enough_failures_and_only_then(self) -> None:
        assert self.breaker.is_open == self.open
        assert self.breaker.failures == self.in_a_row

    @invariant()
    def settling_twice_changes_nothing(self) -> None:
        assert self.breaker.settled(POLICY) == (self.breaker, None)


TestAnyHistory = AnyHistory.TestCase
