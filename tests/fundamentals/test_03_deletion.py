"""A deletion that was seen retires a skill; files that are missing at start do not."""

from __future__ import annotations

import os

import pytest

from sidecar.client import Refused
from tests.support.live_sidecar import LiveSidecar
from tests.support.waiting import wait_until

SKILL = '''"""Nothing much."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> int:
    return 1
'''

HELPED = '''"""By a helper."""

from lib.shared import USED
from skills import Run, skill


@skill()
def NAME(run: Run) -> int:
    return USED
'''


def test_a_deleted_file_retires_its_skill_and_keeps_its_history(sidecar: LiveSidecar) -> None:
    version = sidecar.put("retired", SKILL.replace("NAME", "retired"))
    sidecar.run("retired")
    sidecar.file("retired").unlink()
    wait_until(lambda: sidecar.active("retired") is None, "the skill is retired")
    with pytest.raises(Refused):
        sidecar.client.run_skill("retired")
    assert [run.state for run in sidecar.client.runs(skill="retired")] == ["succeeded"]
    assert [item.hash for item in sidecar.client.history("retired")] == [version]


def test_a_retired_skill_stays_retired_after_a_restart(sidecar: LiveSidecar) -> None:
    sidecar.put("gone", SKILL.replace("NAME", "gone"))
    sidecar.client.remove("gone")
    sidecar.restart()
    assert sidecar.active("gone") is None
    assert not sidecar.file("gone").exists()


def test_a_file_that_is_missing_at_start_is_written_again_from_the_store(sidecar: LiveSidecar) -> None:
    text = SKILL.replace("NAME", "unmounted")
    version = sidecar.put("unmounted", text)
    sidecar.stop()
    sidecar.file("unmounted").unlink()
    sidecar.start()
    assert sidecar.active("unmounted") == version
    assert sidecar.file("unmounted").read_text() == text


def test_a_missing_helper_is_written_again_as_the_version_has_it_that_went_live_last(sidecar: LiveSidecar) -> None:
    """The others were refused with those bytes, and stay at what they had."""
    helper = sidecar.workspace / "lib" / "shared.py"
    helper.write_text("OLD = 1\nBOTH = 1\n")
    names = {"stays_before": "OLD", "goes_on": "BOTH", "stays_after": "OLD"}
    before = {
        name: sidecar.put(name, HELPED.replace("NAME", name).replace("USED", used)) for name, used in names.items()
    }
    helper.write_text("BOTH = 2\n")
    wait_until(lambda: sidecar.active("goes_on") != before["goes_on"], "it is live with the new helper")
    for name in ("stays_before", "stays_after"):
        assert sidecar.client.check(name).problems
    live = {name: sidecar.active(name) for name in names}
    sidecar.stop()
    helper.unlink()
    sidecar.start()
    assert helper.read_text() == "BOTH = 2\n"
    assert {name: sidecar.active(name) for name in names} == live == before | {"goes_on": live["goes_on"]}


def test_an_earlier_version_can_be_restored(sidecar: LiveSidecar) -> None:
    first = sidecar.put("restored", SKILL.replace("NAME", "restored"))
    sidecar.put("restored", SKILL.replace("NAME", "restored").replace("return 1", "return 2"))
    assert sidecar.client.restore("restored", first[:8]).live
    assert sidecar.active("restored") == first
    assert sidecar.run("restored").output == 1


def test_no_name_leads_to_a_file_that_is_no_skill(sidecar: LiveSidecar) -> None:
    helper, private = sidecar.workspace / "lib/own.py", sidecar.folder / "private.py"
    helper.write_text("MINE = 1\n")
    private.write_text("SECRET = 1\n")
    client = sidecar.client
    outside = "../../private"
    for asked in (client.remove, client.source, client.check, client.skill, client.history, client.run_skill):
        for name in ("../lib/own", outside, str(private.with_suffix("")), "a\0b", "x" * 300):
            with pytest.raises(Refused):
                asked(name)
    with pytest.raises(Refused, match="is no skill's name"):
        client.source(outside)
    with pytest.raises(Refused, match="is no skill's name"):
        client.write(outside, "SECRET = 2", base=None, reason="a test")
    assert (helper.read_text(), private.read_text()) == ("MINE = 1\n", "SECRET = 1\n")
    with pytest.raises(Refused, match="there is no skill 'never_was'"):
        client.remove("never_was")
    assert not [row for row in client.audit(what="retire") if row.skill in ("../lib/own", outside, "never_was")]


def test_a_file_with_a_name_that_no_skill_may_have_can_be_looked_at_and_removed(sidecar: LiveSidecar) -> None:
    sidecar.save("json", SKILL.replace("NAME", "json"))
    wait_until(lambda: "json" in sidecar.client.skill_names(), "it is refused")
    assert sidecar.client.source("json").text == sidecar.file("json").read_text()
    sidecar.client.remove("json")
    assert not sidecar.file("json").exists()


def test_what_leads_out_of_the_workspace_or_is_no_plain_file_is_not_read(sidecar: LiveSidecar) -> None:
    sidecar.file("linked").symlink_to("/etc/hostname")
    os.mkfifo(sidecar.file("piped"))
    for name in ("linked", "piped"):
        with pytest.raises(Refused, match="can't be read"):
            sidecar.client.source(name)
        sidecar.client.remove(name)
