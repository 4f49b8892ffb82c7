"""A need becomes a skill: the agent writes it, the check refuses it, the agent mends it, and it is live."""

from __future__ import annotations

from harness.demo.agent_at_work import follow
from harness.demo.script import SKILL
from harness.demo.stage import NotAsTold, Stage
from harness.demo.telling import Telling


def tell(stage: Stage, telling: Telling) -> None:
    telling.chapter("You say what you need, and it becomes a skill")
    need = f"Tell #lamps every second what the lamps Luna and Sol cost at {stage.shop.url}"
    telling.say(("you  ", "bold"), need, ("  (here a second stands for a morning)", "dim"))
    follow(stage, telling, stage.client.send(need))
    versions = [version.state for version in stage.client.history(SKILL)]
    if sorted(versions) != ["active", "refused"]:
        raise NotAsTold(f"one version was to be refused and one to be active; the versions are: {', '.join(versions)}.")
