"""What needs a person's yes is a table in the settings: it can demand more than a skill's code does, and never less."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.client import SettingsError, load_settings, views
from sidecar.client.approval_settings import NEEDS
from tests.isolation.conftest import put_with_a_yes
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, says
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel

SENDING = '''"""Send a letter."""

from skills import Run, http, skill, step


@step(attempts=3)
def send(to: str) -> str:
    http.get("http://HOST/address")
    http.post("http://HOST/letters", json=to).raise_for_status()
    return "sent"


@skill(hosts=["HOST"])
def NAME(run: Run) -> str:
    return run.step(send, "Ada")
'''

UNDONE = '''"""Do what cannot be undone."""

from datetime import timedelta

from skills import Run, skill, step


@step(irreversible=True, DOESanswer_within=timedelta(hours=1), on_expiry="no")
def act(to: str) -> str:
    return to


@skill()
def NAME(run: Run) -> str:
    done = run.step_if_approved("May it?", act, "Ada")
    return done.by if done else "nobody"
'''

QUIET = '''"""Do nothing."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> None:
    run.nothing_to_report("there is nothing to do")
'''


SET = {"http.post": "ask", "irreversible.pays": "always"}


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, model: TalkingModel) -> Iterator[LiveSidecar]:
    with LiveSidecar(tmp_path_factory.mktemp("strict"), approvals=json.dumps(SET), base_url=model.base_url) as live:
        yield live


def test_what_the_settings_want_a_yes_to_is_not_done_in_a_step_that_asks_nobody(
    strict: LiveSidecar, sink: Sink
) -> None:
    strict.put("sending", SENDING.replace("NAME", "sending").replace("HOST", sink.host))
    ended = strict.run("sending")
    assert ended.run.error is not None
    assert "http.post needs a person's yes here (tend approvals rules)" in ended.run.error.message
    assert "run.step_if_approved" in ended.run.error.message
    assert sink.paths() == {"/address": 1}, "reading needs none; another try would not help"
    assert strict.run("sending", rehearsal=True).output == "sent", "in a rehearsal nothing is sent"


def removal(strict: LiveSidecar, model: TalkingModel, name: str) -> views.Approval:
    """The agent is told to delete a skill, and a person is asked whether it may."""
    strict.put(name, QUIET.replace("NAME", name))
    words = f"Delete {name}"
    model.play(words, calls("delete_skill", {"name": name}), says("Done."))
    run = strict.client.send(words).id
    return strict.approval(run)


def test_the_agent_deletes_a_skill_upon_a_persons_yes_to_exactly_that(strict: LiveSidecar, model: TalkingModel) -> None:
    asked = removal(strict, model, "outdated")
    assert asked.call is not None
    assert (asked.call.step, asked.call.arguments) == ("skills.remove", {"name": "outdated"})
    assert asked.reason == "the settings want a yes to skills.remove"
    assert strict.active("outdated"), "nothing is done before"
    strict.client.answer(asked.id, "yes")
    assert asked.run is not None
    strict.ended(asked.run)
    assert strict.active("outdated") is None


def test_the_agent_is_told_a_no_with_its_reason(strict: LiveSidecar, model: TalkingModel) -> None:
    asked = removal(strict, model, "needed")
    strict.client.answer(asked.id, "no", "accounting still reads it")
    assert asked.run is not None
    strict.ended(asked.run)
    assert strict.active("needed")
    assert "person said no to skills.remove, because accounting still reads it" in model.results("Delete needed")[-1]


@pytest.mark.parametrize(("does", "asks_again"), [("pays", True), ("sends", False), (None, False)])
def test_one_kind_of_what_cannot_be_undone_can_need_a_person_each_time(
    strict: LiveSidecar, does: str | None, asks_again: bool
) -> None:
    name = f"{does or 'acts'}_it"
    said = f'does="{does}", ' if does else ""
    put_with_a_yes(strict, name, UNDONE.replace("NAME", name).replace("DOES", said))
    asked = strict.approval(strict.client.run_skill(name).id)
    assert asked.reason is not None
    assert (does is not None and f"it {does}, and" in asked.reason) == (does is not None)
    strict.client.answer(asked.id, "yes", always_for=timedelta(days=1))
    again = strict.client.run_skill(name).id
    if asks_again:
        strict.client.answer(strict.approval(again).id, "no")
    assert strict.ended(again).output == ("nobody" if asks_again else "person")


def test_doctor_tells_the_rules(strict: LiveSidecar) -> None:
    (line,) = [health for health in strict.client.doctor() if health.name == "approvals"]
    assert line.detail == (
        "http.post ask, irreversible.pays always, the rest by default; whoever reaches the socket may answer"
    )


def test_the_table_is_shown_with_what_the_settings_have_changed(strict: LiveSidecar) -> None:
    rules = strict.client.rules()
    assert {rule.what: rule.need for rule in rules.needs} == {**NEEDS, **SET}
    assert {rule.what for rule in rules.needs if rule.set} == set(SET)
    assert rules.approvers == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[approvals]\n"irreversible.pays" = "never"', "an irreversible step always needs a yes"),
        ('[approvals]\n"http.pots" = "ask"', "there is nothing called 'http.pots'; there are: irreversible"),
        ('[approvals]\n"http.post" = "yes"', "http.post is 'yes'; it is 'never', 'ask' or 'always'"),
        ('[approvals]\nirreversible = "never"', "an irreversible step always needs a yes"),
        ('approvals = "ask"', "tend.toml: approvals: "),
        ('[approvers]\n"*" = []', "a list of names is wanted, at least one"),
        ('[approvers]\nrefunds = "ada"', "refunds is 'ada'; a list of names is wanted"),
    ],
)
def test_a_table_that_can_not_be_read_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "tend.toml").write_text(text)
    with pytest.raises(SettingsError) as raised:
        load_settings(workspace=tmp_path, environment={})
    assert said in str(raised.value)


def test_a_table_in_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "tend.toml").write_text('[approvals]\n"http.delete" = "always"\n[approvers]\n"*" = ["ada"]\n')
    settings = load_settings(workspace=tmp_path, environment={})
    assert settings.approvals == {"http.delete": "always"}
    assert settings.approvers == {"*": ("ada",)}
