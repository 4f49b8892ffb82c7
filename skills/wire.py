"""What a worker and the sidecar say to each other: one JSON object a line, over one socket.

The worker asks, the sidecar answers; every question that is not `ahead` has exactly one answer, matched by
`id`, so that several threads of a worker can share the socket. The sidecar has made an answer durable before it sends
it.

    sidecar → worker   Start                       once, first
    worker  → sidecar  Begin, Finish, Fail         a step that the worker executes
                       Effect                      what such a step does to the world
                       Request                     a step that the sidecar answers: sleep, approval, sub-run, ...
                       Log                         a line of the run's log
                       End                         once, last
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue

Json: TypeAlias = JsonValue


def is_event_name(text: str) -> bool:
    """Whether somebody may emit an event of this name. Tend's own have a colon: "succeeded:import_orders"."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text) is not None


HOOKS = "hook."  # what the names of events begin with that come by webhooks


def is_hook_name(text: str) -> bool:
    """Whether a webhook, or a token, may be called so: the name is part of a URL, and a file's."""
    return re.fullmatch("[a-z0-9][a-z0-9_-]{0,63}", text) is not None


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


NAME_AT_MOST = 200  # characters of a step's name; of run.state.put("seen", ...) that is "state.put:seen"


class StepKey(Message):
    """Names a step within its run: the `occurrence`-th use (from 0) of the step called `name`."""

    name: str = Field(min_length=1, max_length=NAME_AT_MOST, pattern=r"^[^\x00]*$")
    occurrence: int = Field(ge=0)

    def __str__(self) -> str:
        return self.name if self.occurrence == 0 else f"{self.name}#{self.occurrence + 1}"


class ErrorInfo(Message):
    """An exception as it is stored: the type's name, the message, and the part of the traceback in the skill."""

    type: str
    message: str
    traceback: str = ""
    step: str | None = None  # the step that it left, as str(StepKey)
    retryable: bool = True  # of an effect: whether trying it again could help


class Retry(Message):
    """How a step is tried again: at most `attempts` times; delays (s) double from `backoff` to `backoff_cap`."""

    attempts: int = Field(default=1, ge=1)
    backoff: float = Field(default=1.0, ge=0)
    backoff_cap: float = Field(default=300.0, ge=0)
    timeout: float | None = Field(default=None, gt=0)  # seconds for one attempt of the step's body


# ---------------------------------------------------------------- secrets in a request


class SecretPart(Message):
    """Where the gateway puts a secret's value, escaped for the text around it."""

    secret: str
    escaped_for: Literal["nothing", "url", "json"] = "nothing"


class Base64Part(Message):
    """What the gateway writes as base64, once the secrets in it are filled in."""

    base64: tuple[str | SecretPart, ...]


Part: TypeAlias = str | SecretPart | Base64Part


# ---------------------------------------------------------------- sidecar → worker


class Code(Message):
    """The pinned bytes of a version. `files` maps a path in the workspace to its text; a skill that ships with Tend
    and spans several modules has `import_from` instead."""

    entry: str  # "skills/price_report.py"
    function: str  # "price_report"
    files: dict[str, str] = {}
    import_from: str | None = None


class Start(Message):
    """Everything that one attempt needs to know."""

    run: str
    skill: str
    version: str
    attempt: int
    trigger: str
    rehearsal: bool
    code: Code
    input: Json
    zone: str  # IANA name: the workspace's
    started: datetime  # when the run was created, UTC; of a rerun from a step, when the run whose steps it has was
    seed: str | None = None  # of its chance, where that is another run's id: likewise
    remembered: dict[str, int] | None = None  # step's name → its uses that may be remembered; None: ask each time
    failure: ErrorInfo | None = None  # set where this run is the `on_failure` handler's
    failed_run: str | None = None


class Answer(Message):
    """The answer to the question `id`. Exactly one of the kinds below."""

    id: int
    body: Go | Done | Failed | Again | LookUp | Suspend | Ok = Field(discriminator="kind")


class Go(Message):
    """Begin: execute the body now (after `delay` seconds); this is its `attempt`-th try (from 1)."""

    kind: Literal["go"] = "go"
    attempt: int
    delay: float = 0.0


class Done(Message):
    """The step's (or effect's) result: remembered from before, or just made."""

    kind: Literal["done"] = "done"
    result: Json
    replayed: bool = False


class Failed(Message):
    """The step ended in an error that is remembered; raise it."""

    kind: Literal["failed"] = "failed"
    error: ErrorInfo
    replayed: bool = False


class Again(Message):
    """Fail: try the body again after `delay` seconds."""

    kind: Literal["again"] = "again"
    attempt: int
    delay: float


class LookUp(Message):
    """Begin: an irreversible step was struck by a crash, and can be looked up. Execute its look-up, then Finish with
    what that has found, Fail with NOT_DONE, or Begin again without `lookup`, so that a person is asked."""

    kind: Literal["look up"] = "look up"


class Suspend(Message):
    """The run waits. Unwind, send End(Suspended) and exit; another attempt goes on later."""

    kind: Literal["suspend"] = "suspend"
    reason: str


class Ok(Message):
    kind: Literal["ok"] = "ok"


# ---------------------------------------------------------------- worker → sidecar

StepKind: TypeAlias = Literal["step", "irreversible", "ask", "model"]

# The type of the error of an irreversible step that was struck by a crash, and that a person or its look-up says was
# not done. No class can be called so: what a body raises is another thing.
NOT_DONE = "not done"


class Begin(Message):
    """A step that the worker executes is next. Answer: Go, Done or Failed; Suspend where its next try is not due for
    a while, or where only a person knows whether it was done; LookUp where its look-up may know."""

    op: Literal["begin"] = "begin"
    step: StepKey
    kind_of_step: StepKind = "step"
    arguments: Json
    retry: Retry = Retry()
    lookup: bool = False  # an irreversible step that has one


class Finish(Message):
    """The step's body returned. Answer: Ok, once the result is on disk, or Failed if it cannot be stored."""

    op: Literal["finish"] = "finish"
    step: StepKey
    attempt: int
    result: Json


class Fail(Message):
    """The step's body raised. Answer: Again, or Failed once the error is on disk."""

    op: Literal["fail"] = "fail"
    step: StepKey
    attempt: int
    error: ErrorInfo
    retryable: bool = True


EffectKind: TypeAlias = Literal["http", "files", "shell", "model"]


class Effect(Message):
    """The `n`-th thing (from 0) that this attempt of an open step does to the world. Answer: Done or Failed."""

    op: Literal["effect"] = "effect"
    step: StepKey
    attempt: int
    n: int
    kind_of_effect: EffectKind
    request: Json


OnExpiry: TypeAlias = Literal["no", "fail"]  # what an approval that nobody answers comes to

RequestKind: TypeAlias = Literal[
    "sleep",
    "approve",
    "question",
    "invoke",
    "start",
    "notify",
    "emit",
    "wait_for",
    "state.get",
    "state.put",
    "now",
    "command",
]


class Request(Message):
    """A step that the sidecar answers itself. Answer: Done, Failed or Suspend."""

    op: Literal["request"] = "request"
    step: StepKey
    kind_of_request: RequestKind
    arguments: Json


class Log(Message):
    """A line of the run's log. `seq` counts the lines of the body (step None) or of one attempt of a step, so that
    a line that is said again on replay is stored once; what one attempt of the run prints counts down from -1.
    Answer: Ok."""

    op: Literal["log"] = "log"
    step: StepKey | None
    attempt: int
    seq: int
    level: Literal["debug", "info", "warning", "error"] = "info"
    message: str
    fields: dict[str, Json] = {}


class Succeeded(Message):
    outcome: Literal["succeeded"] = "succeeded"
    output: Json
    nothing_to_report: str | None = None


class Raised(Message):
    outcome: Literal["raised"] = "raised"
    error: ErrorInfo


class Suspended(Message):
    outcome: Literal["suspended"] = "suspended"


class End(Message):
    """The attempt is over. Answer: Ok, once the outcome is on disk."""

    op: Literal["end"] = "end"
    result: Succeeded | Raised | Suspended = Field(discriminator="outcome")


class Question(Message):
    id: int
    ahead: bool = False  # a Begin of what is not remembered: its body begins meanwhile, and there is no answer
    body: Begin | Finish | Fail | Effect | Request | Log | End = Field(discriminator="op")


Answer.model_rebuild()
