"""The author API: what a skill is written with.

    from skills import Expect, Failure, Run, Skill, Step, cron, event, every, files, http, secret, shell, skill, step

A skill's body calls methods of `Run`. Each becomes a question on a `Port`; the answer is remembered before it is
given, so the body can run again from the top and go on where it was:

    definition  →  execute  →  run  →  step_runner  →  port  ⇄  the sidecar's journal (or skills.testing)
    @skill         one attempt         step, ask, sleep …       what happened is answered from there
                                         └ open_step → http, files, shell: the only way to the world

GUIDE.md teaches authors; README.md lists the files.
"""

from skills import files, http, shell
from skills.approval import Approval, Approved
from skills.definition import Skill, skill
from skills.errors import (
    BadStatus,
    EffectFailed,
    InsideStep,
    Misdeclared,
    OutsideStep,
    StepFailed,
    TendError,
    WrongType,
)
from skills.expect import Expect
from skills.failure import Failure
from skills.run import Run
from skills.secrets import Secret, secret
from skills.steps import Irreversible, Step, step
from skills.triggers import at, cron, event, every, failed, succeeded, webhook

__all__ = [
    "Approval",
    "Approved",
    "BadStatus",
    "EffectFailed",
    "Expect",
    "Failure",
    "InsideStep",
    "Irreversible",
    "Misdeclared",
    "OutsideStep",
    "Run",
    "Secret",
    "Skill",
    "Step",
    "StepFailed",
    "TendError",
    "WrongType",
    "at",
    "cron",
    "event",
    "every",
    "failed",
    "files",
    "http",
    "secret",
    "shell",
    "skill",
    "step",
    "succeeded",
    "webhook",
]
