"""Rehearse a skill in memory: its real code, over a scripted world.

rehearse  →  execute  →  ScriptedPort  ─ journal: what is remembered, for the replay
                                       └ World: clock, HTTP, files, people, models, other skills, state
"""

from skills.testing.load_skill import load_skill
from skills.testing.rehearsal import Rehearsal, RehearsalFailed, rehearse
from skills.testing.script import in_turn
from skills.testing.world import Emitted, Notice, SentRequest, Started

__all__ = [
    "Emitted",
    "Notice",
    "Rehearsal",
    "RehearsalFailed",
    "SentRequest",
    "Started",
    "in_turn",
    "load_skill",
    "rehearse",
]
