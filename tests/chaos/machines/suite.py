"""Hypothesis drives each machine over a real store, with a clock that stands still until it is moved."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from sidecar.clock import ManualClock
from sidecar.store import Store
from tests.chaos.machines.approvals import ApprovalsMachine
from tests.chaos.machines.grants import GrantsMachine
from tests.chaos.machines.registry import RegistryMachine
from tests.chaos.machines.runs import RunsMachine
from tests.chaos.machines.scheduler import SchedulerMachine
from tests.chaos.machines.stage import Emptied
from tests.chaos.suite import Suite

EXAMPLES = 25  # in a case
STEPS = 50
START = datetime(2026, 10, 20, tzinfo=UTC)  # the clocks change within days

MACHINES: dict[str, Callable[[Emptied], RuleBasedStateMachine]] = {
    "runs": RunsMachine,
    "approvals": ApprovalsMachine,
    "grants": GrantsMachine,
    "registry": RegistryMachine,
    "scheduler": SchedulerMachine,
}


class Machines(Suite):
    """A case is `runs.3`: 25 examples of up to 50 steps of that machine."""

    name = "machines"
    promise = "runs, approvals, versions and schedules are in the end what a model of them says"
    small = 5
    full = 800

    def open(self) -> None:
        self._store = self.opened.enter_context(Store(self.in_memory() / "tend.db"))

    def cases(self, count: int) -> Iterable[str]:
        names = list(MACHINES)
        return (f"{names[number % len(names)]}.{number // len(names)}" for number in range(count))

    def run(self, case: str) -> None:
        name, _, number = case.partition(".")
        machine = MACHINES[name]

        @seed(self.seed * 10_000 + int(number))
        def fresh() -> RuleBasedStateMachine:
            self.figures["examples"] += 1
            return machine(Emptied(self._store, ManualClock(START)))

        how = settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(fresh, settings=how)  # type: ignore[arg-type] # a function that makes one will do
