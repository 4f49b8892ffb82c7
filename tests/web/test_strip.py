"""A skill's day as a strip: what each hour was can be seen without colours, and a name in it is text."""

from __future__ import annotations

from harness.web.strip import strip
from sidecar.client import views


def test_each_hour_is_a_box_and_what_is_not_well_has_a_mark() -> None:
    day = views.SkillDay(skill="s", runs=(0, 3, 2, 1), failed=(0, 0, 1, 0), unfinished=(0, 0, 1, 1))
    boxes = strip(day, ("<b>", "1:00", "2:00", "3:00")).split("<rect ")[1:]
    assert [box.partition('class="')[2].partition('"')[0] for box in boxes] == [
        "none",
        "succeeded",
        "failed",
        "running",
    ]
    assert ['class="cross"' in box for box in boxes] == [False, False, True, True]
    assert "<title>&lt;b&gt;: 0 runs, 0 failed or misfired</title>" in boxes[0]
    assert "<title>2:00: 2 runs, 1 failed or misfired</title>" in boxes[2]
