"""A skill of the workspace, for its tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skills.definition import Skill
from skills.loading import load, read_code


def load_skill(path: str | Path) -> Skill[..., Any]:
    """The skill at `skills/NAME.py`, loaded as a worker does it: helpers come from `lib/` beside `skills/`."""
    return load(read_code(Path(path)))
