"""The parts of the sidecar's views that the model is shown, as they arrive: JSON with times in ISO 8601.

The views themselves stand in `sidecar.client.views`; importing them costs more than a turn's own work, and the
client's HTTP library has no place in a worker. A test holds each name here against them.
"""

from __future__ import annotations

from typing import Any, TypedDict


class Problem(TypedDict):
    file: str
    line: int
    reason: str
    fix: str
    source: str


class Report(TypedDict):
    skill: str
    hash: str
    problems: list[Problem]
    manifest: dict[str, Any] | None


class SecretUse(TypedDict):
    todo: list[str]


class Card(TypedDict):
    may: list[str]
    secrets: list[SecretUse]
    wider: list[str]


class Verdict(TypedDict):
    report: Report
    live: bool
    version: str
    diff: str
    hash: str | None
    next_times: list[str]
    schedule: str
    card: Card | None
    approval: str | None
    denied: str | None


class Source(TypedDict):
    skill: str
    path: str
    hash: str
    version: str | None
    text: str
    problems: int


class Version(TypedDict):
    hash: str
    state: str
    author: str
    reason: str
    created_at: str


class Error(TypedDict):
    type: str
    message: str
    traceback: str


class Run(TypedDict):
    id: str
    skill: str
    version: str
    state: str
    reason: str | None
    trigger: str
    created_at: str
    started_at: str | None
    ended_at: str | None
    attempts: int
    parent: str | None
    cost_usd: float | None
    error: Error | None
    misfire: str | None
    rehearsal: bool
    result: str
    told: list[str]


class Quarantine(TypedDict):
    reason: str


class Skill(TypedDict):
    name: str
    purpose: str
    origin: str
    version: str | None
    schedule: str
    next_at: str | None
    paused: bool
    paused_reason: str | None
    quarantine: Quarantine | None
    last_run: Run | None
    problems: int
    waits: str | None


class Slot(TypedDict):
    due_at: str
    outcome: str
    reason: str | None
    run: Run | None


class ScheduleHistory(TypedDict):
    schedule: str
    declared: bool
    next_times: list[str]
    slots: list[Slot]


class Heard(TypedDict):
    name: str
    at: str
    outcome: str
    reason: str | None
    run: Run | None


class Obstacle(TypedDict):
    kind: str
    told: str
    since: str | None


class Why(TypedDict):
    skill: Skill
    obstacles: list[Obstacle]
    schedules: list[ScheduleHistory]
    events: list[Heard]


class StepAttempt(TypedDict):
    number: int


class Step(TypedDict):
    name: str
    occurrence: int
    kind: str
    state: str
    arguments: Any
    result: Any
    error: Error | None
    attempts: list[StepAttempt]
    child: str | None


class LogLine(TypedDict):
    level: str
    step: str | None
    message: str
    fields: dict[str, Any]


class Call(TypedDict):
    step: str
    attempt: int
    kind: str
    summary: str
    request: Any
    reply: Any
    error: Error | None
    stubbed: bool


class RunDetail(TypedDict):
    run: Run
    input: Any
    output: Any
    nothing_to_report: str | None
    steps: list[Step]
    logs: list[LogLine]
    calls: list[Call]
    children: list[Run]
    has_on_failure: bool


class Look(TypedDict):
    url: str
    status: int
    content_type: str
    length: int
    text: str


class MemoryFile(TypedDict):
    path: str
    text: str
