"""A skill's last day as a strip: a box for each hour, oldest first. Plain text put together: of a hundred skills there
are thousands of boxes, each of which takes a template ten times as long. A strip is kept: to most skills nothing
happens from one reading of the page to the next."""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup, escape

from harness.words import count
from sidecar.client import views

STEP, WIDE, HIGH = 10, 9, 16  # from box to box; a box


@lru_cache(maxsize=1_000)
def strip(day: views.SkillDay, hours: tuple[str, ...]) -> Markup:
    """What is in the SVG. `hours` are their names."""
    named = zip(map(escape, hours), day.runs, day.failed, day.unfinished, strict=True)
    return Markup("".join(_hour(at * STEP, *hour) for at, hour in enumerate(named)))  # noqa: S704 # numbers, and escaped names


def _hour(x: int, name: Markup, runs: int, failed: int, unfinished: int) -> str:
    state = "failed" if failed else "running" if unfinished else "succeeded" if runs else "none"
    box = f'<rect x="{x}" y="0" width="{WIDE}" height="{HIGH}" rx="1.5" class="{state}">'
    drawn = f"M{x + 2.5} 6l4 4m0-4l-4 4" if failed else f"M{x + 3} 5v6m3-6v6" if unfinished else ""
    mark = f'<path class="cross" d="{drawn}"></path>' if drawn else ""
    return f"{box}<title>{name}: {count(runs, 'run')}, {failed} failed or misfired</title></rect>{mark}"
