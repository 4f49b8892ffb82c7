"""The agent replaces passages of a skill, all of one thought in one change, and is told where one does not fit."""

from __future__ import annotations

from typing import Any

from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, hash_of, says
from tests.support.talking_model import TalkingModel

SKILL = '''"""Say how the shop is."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> str:
    run.log("open")
    run.log("open")
    return "open"
'''


def edit(name: str, text: str, *edits: tuple[str, str]) -> Any:
    """A turn that names the base as the tools show it: by its first letters."""
    wanted = [{"old": old, "new": new} for old, new in edits]
    return calls(
        "edit_skill", {"name": name, "edits": wanted, "base": hash_of(text)[:12], "reason": "as the person asked"}
    )


def told(talking: LiveSidecar, model: TalkingModel, words: str, turn: Any) -> str:
    """What the tool answered."""
    model.play(words, turn, says("Done."))
    talking.ended(talking.client.send(words).id)
    (result,) = model.results(words)
    return result


def test_several_passages_are_one_change_and_one_version(talking: LiveSidecar, model: TalkingModel) -> None:
    text = SKILL.replace("NAME", "shop")
    talking.put("shop", text)
    change = edit("shop", text, ('return "open"', 'return "closed"'), ("how the shop is", "whether it is open"))
    result = told(talking, model, "Close the shop", change)
    now = talking.file("shop").read_text()
    assert 'return "closed"' in now
    assert "whether it is open" in now
    assert len(talking.client.history("shop")) == 2
    first = result.splitlines()[0]
    assert first == f"Live: shop passed the check. To change it: base={hash_of(now)[:12]}"


def test_a_passage_that_occurs_twice_is_named_with_its_lines_and_nothing_is_changed(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    text = SKILL.replace("NAME", "twice")
    talking.put("twice", text)
    change = edit("twice", text, ('return "open"', 'return "shut"'), ('run.log("open")', "pass"))
    result = told(talking, model, "Log less", change)
    assert result.startswith("no_match: edit 2 of 2: the passage occurs 2 times in skills/twice.py, from lines 8 and 9")
    assert "take more of the lines around it" in result
    assert talking.file("twice").read_text() == text


def test_a_passage_with_other_spaces_is_told_where_it_begins(talking: LiveSidecar, model: TalkingModel) -> None:
    text = SKILL.replace("NAME", "spaces")
    talking.put("spaces", text)
    change = edit("spaces", text, ('run.log("open")\nrun.log("open")', "pass"))
    result = told(talking, model, "Log nothing", change)
    assert "the passage does not occur in skills/spaces.py; its beginning stands in line 8" in result


def test_a_file_that_was_refused_is_not_shown_as_what_runs(talking: LiveSidecar, model: TalkingModel) -> None:
    text = SKILL.replace("NAME", "broken")
    live = talking.put("broken", text)
    broken = text.replace('return "open"', "return 3")
    verdict = talking.client.write("broken", broken, base=hash_of(text), reason="by hand")
    assert not verdict.live
    head = told(talking, model, "Show me the broken one", calls("read_skill", {"name": "broken"})).splitlines()[0]
    assert "as it is now: refused by the check, 1 problem (check_report)." in head
    assert f"Live is {live[:12]}; read it with version={live[:12]}." in head
    earlier = told(talking, model, "What runs now", calls("read_skill", {"name": "broken", "version": live[:12]}))
    assert 'return "open"' in earlier


def test_what_is_too_large_to_be_read_again_is_not_written(talking: LiveSidecar, model: TalkingModel) -> None:
    given = {"path": "lib/large.py", "text": "#" * (256 * 1024 + 1), "reason": "as asked", "base": None}
    model.play("Write much", calls("write_helper", given), says("Done."))
    talking.ended(talking.client.send("Write much").id)
    assert "more than 262,144, the most one file may have" in model.results("Write much")[-1]
    assert not (talking.workspace / "lib/large.py").exists()
