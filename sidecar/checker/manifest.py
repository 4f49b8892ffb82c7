"""What a skill declares, as literals read from its source by `ast`: never by importing it.

What is enforced is this manifest, not the values that the decorators compute when the skill runs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skills.wire import OnExpiry

PRIORITY_AT_MOST = 10
TOO_FAR = datetime(9000, 1, 1, tzinfo=UTC)  # no schedule is due from then on: soon after, Python's calendar ends


class Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Cron(Declared):
    kind: Literal["cron"] = "cron"
    expression: str  # five fields, as Debian's cron reads them
    zone: str | None = None  # IANA name; None is the workspace's zone


class Every(Declared):
    kind: Literal["every"] = "every"
    seconds: float


class At(Declared):
    kind: Literal["at"] = "at"
    when: datetime  # with its zone


class RateLimit(Declared):
    """At most so many runs within so long."""

    runs: int = Field(ge=1)
    seconds: float = Field(gt=0)


class Event(Declared):
    kind: Literal["event"] = "event"
    name: str
    key: str | None = None  # the payload's field; concurrency, rate limit and debounce hold for each of its values
    rate_limit: RateLimit | None = None
    # Seconds without a further event, or ten times as many in all, until the last one starts a run.
    debounce: float | None = None

    @property
    def words(self) -> str:
        """An end of another skill's run is an event too, by the name of "succeeded:SKILL" or "failed:SKILL"."""
        what, _, skill = self.name.partition(":")
        told = f"when {skill} has {what}" if skill else f"on {what}"
        if self.rate_limit:
            told += f", at most {self.rate_limit.runs} within {timedelta(seconds=self.rate_limit.seconds)}"
        return f"{told}, once quiet for {timedelta(seconds=self.debounce)}" if self.debounce else told


Timed: TypeAlias = Cron | Every | At
Trigger: TypeAlias = Timed | Event


class Expectation(Declared):
    """What a good run looks like; a run that breaks it is a misfire. None: not declared."""

    within: float | None = None  # seconds from start to end
    messages_at_most: int | None = None  # notices in one run
    silence_at_most: float | None = None  # seconds between two runs that had something to report
    same_output_at_most: int | None = None  # identical outputs in a row


Does: TypeAlias = Literal["sends", "pays", "deletes", "deploys"]


class StepDeclaration(Declared):
    name: str
    line: int
    attempts: int = 1
    timeout: float | None = None  # seconds
    irreversible: bool = False  # done once, and only upon a person's yes
    does: Does | None = None  # of which kind it is then
    answer_within: float | None = None  # seconds until the question for its yes expires
    on_expiry: OnExpiry | None = None  # what that comes to; an irreversible step declares both


class Irreversible(Declared):
    """A step that cannot be undone, of the skill or of a helper."""

    step: str
    does: Does | None = None  # of which kind it is
    asks: tuple[str, ...] = ()  # what a person is asked before it, as it stands in the code: "Page {name}?"


class Manifest(Declared):
    """One skill's declarations. `name` is the function's name and the file's stem."""

    name: str
    purpose: str  # the module's docstring
    takes_input: bool  # the function has a parameter after `run`
    input_schema: dict[str, JsonValue] = {}  # what that takes, as JSON Schema, as far as its annotation tells
    triggers: tuple[Trigger, ...] = Field(default=(), max_length=20)
    catch_up: Literal["skip", "latest", "all"] = "latest"
    concurrency: int = Field(default=1, ge=1)
    overlap: Literal["queue", "skip", "cancel_older"] = "queue"  # what becomes of a run for which there is no room
    priority: int = Field(default=0, ge=-PRIORITY_AT_MOST, le=PRIORITY_AT_MOST)  # the higher starts first
    deadline: float | None = None  # seconds from a run's making to its end
    budget: float | None = Field(default=None, gt=0)  # USD of model calls in one run, with those below it
    hosts: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()  # names; which host may be sent which is a person's to grant
    reads: tuple[str, ...] = ()  # globs, relative to the workspace
    writes: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()  # programs, by name
    uses_model: bool = False  # calls run.ask
    model_calls: int = 0  # places in the code that do
    irreversible: tuple[Irreversible, ...] = ()
    expect: Expectation = Expectation()
    steps: tuple[StepDeclaration, ...] = ()
    has_on_failure: bool = False

    @property
    def timed(self) -> tuple[Timed, ...]:
        return tuple(trigger for trigger in self.triggers if not isinstance(trigger, Event))

    @property
    def events(self) -> tuple[Event, ...]:
        return tuple(trigger for trigger in self.triggers if isinstance(trigger, Event))
