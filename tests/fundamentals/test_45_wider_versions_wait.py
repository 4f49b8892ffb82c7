"""What the agent writes may do no more than before without a person's yes; what a person writes has it."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sidecar.client import Refused, views
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, says, writes
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

TEXT = '''"""Look at the shop."""

from skills import Run, http, skill, step


@step
def look() -> str:
    return http.get("http://a.example/").text


@skill(hosts=["a.example"])
def NAME(run: Run) -> str:
    return "seen"
'''
PAYING = '''"""Pay, if a person agrees."""

from datetime import timedelta

from skills import Run, skill, step


@step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no")
def pay(order: str) -> str:
    return order


@skill()
def NAME(run: Run) -> str:
    paid = run.step_if_approved("Pay it?", pay, "pens")
    return f"{paid.result}" if paid else "nothing"
'''


def first(name: str) -> str:
    return TEXT.replace("NAME", name)


def wider(name: str) -> str:
    return first(name).replace('"a.example"]', '"a.example", "b.example"]')


def told(sidecar: LiveSidecar, model: TalkingModel, text: str, *, words: str, base: str | None = None) -> str:
    """The agent writes it; what it is told."""
    name = next(line for line in text.splitlines() if line.startswith("def ") and "run: Run" in line)
    model.play(words, writes(name.removeprefix("def ").partition("(")[0], text, base=base), says("Done."))
    sidecar.ended(sidecar.client.send(words).id)
    return model.results(words)[-1]


def approval(sidecar: LiveSidecar, name: str) -> views.Approval:
    return next(each for each in sidecar.client.approvals() if each.skill == name)


def states(sidecar: LiveSidecar, name: str) -> list[str]:
    return [version.state for version in sidecar.client.history(name)]


def test_a_wider_version_waits_and_the_last_good_one_stays_until_a_person_says_yes(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    assert told(talking, model, first("looker"), words="Look at a").startswith("Live: looker")
    live = talking.active("looker")
    said = told(talking, model, wider("looker"), words="And at b", base=first("looker"))
    assert said.startswith("Waiting: looker passed the check, and waits for the person's yes.")
    asked = approval(talking, "looker")
    assert (
        f"since it reaches b.example. Tell the person what that is for, and to type: tend approvals show {asked.id}"
        in said
    )
    assert "It reaches b.example." in asked.question
    assert talking.active("looker") == live
    (obstacle,) = talking.client.why("looker").obstacles
    assert obstacle.told == "Its newest bytes wait for a yes, since they may do more; the version before stays live."
    assert obstacle.fix == f"tend approvals show {asked.id}"
    assert talking.client.waiting() == len(talking.client.approvals()) > 0
    (waiting, _) = talking.client.history("looker")
    assert (waiting.state, waiting.author) == ("waiting", "agent")
    assert waiting.card is not None
    assert waiting.card.wider == ("reaches b.example",)
    assert asked.call is not None
    assert asked.call.version == waiting.hash, "the yes is to these bytes"

    talking.restart()
    assert (talking.active("looker"), states(talking, "looker")) == (live, ["waiting", "active"])
    assert talking.client.answer(asked.id, "yes", "the shop has moved").outcome == "counted"
    wait_until(lambda: talking.active("looker") == waiting.hash, "it goes live")
    assert states(talking, "looker") == ["active", "retired"]
    assert talking.client.history("looker")[0].reason == "as asked; approved by person"


def test_a_no_leaves_what_was_and_a_newer_save_takes_the_place_of_what_waits(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    told(talking, model, first("denied"), words="Look")
    live = talking.active("denied")
    told(talking, model, wider("denied"), words="Wider", base=first("denied"))
    talking.client.answer(approval(talking, "denied").id, "no", "not that one")
    assert (talking.active("denied"), states(talking, "denied")) == (live, ["refused", "active"])
    same = told(talking, model, wider("denied"), words="Once more", base=wider("denied"))
    assert same.startswith("Denied: denied passed the check, but person said no: not that one.")

    again = wider("denied").replace('"seen"', '"seen again"')
    told(talking, model, again, words="Wider again", base=wider("denied"))
    replaced = approval(talking, "denied")
    narrow = first("denied").replace('"seen"', '"looked"')
    assert told(talking, model, narrow, words="Narrow", base=again).startswith("Live: denied")
    assert talking.client.answer(replaced.id, "yes").outcome == "void"
    assert talking.client.history("denied")[0].state == "active"
    assert not [each for each in talking.client.approvals() if each.skill == "denied"]


def test_a_save_that_has_no_verdict_yet_takes_the_place_of_what_was_approved(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    """The yes is carried out while the file still changes, so that the watcher leaves it alone."""
    told(talking, model, first("outrun"), words="Look once")
    told(talking, model, wider("outrun"), words="Wider, and outrun", base=first("outrun"))
    asked = approval(talking, "outrun").id
    by_hand = first("outrun").replace('"seen"', '"seen by a person"')
    answered = threading.Event()

    def keep_changing() -> None:
        while not answered.wait(0.005):
            talking.file("outrun").touch()

    with ThreadPoolExecutor() as pool:
        talking.save("outrun", by_hand)
        pool.submit(keep_changing)
        talking.client.answer(asked, "yes")
        try:
            wait_until(lambda: "approved" not in states(talking, "outrun"), "the yes is carried out")
        finally:
            answered.set()
    wait_until(lambda: states(talking, "outrun") == ["active", "superseded", "retired"], "the save is live")
    assert talking.client.source("outrun").version == talking.active("outrun")
    assert talking.file("outrun").read_text() == by_hand


def test_a_first_version_that_does_what_cannot_be_undone_waits_but_not_where_a_person_saves_it(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    said = told(talking, model, PAYING.replace("NAME", "payer"), words="Pay")
    assert "since it does pay, which cannot be undone" in said
    assert talking.active("payer") is None
    assert talking.client.skill("payer").skill.waits == approval(talking, "payer").id
    (obstacle,) = talking.client.why("payer").obstacles
    assert obstacle.told == "Its newest bytes wait for a yes, since they may do more: until then nothing runs."
    talking.client.answer(approval(talking, "payer").id, "yes")
    wait_until(lambda: talking.active("payer"), "it goes live")
    assert not talking.client.skill("payer").skill.waits

    talking.save("payer_by_hand", PAYING.replace("NAME", "payer_by_hand"))
    wait_until(lambda: talking.active("payer_by_hand"), "a person's save is their yes")


@pytest.mark.parametrize("where", ["skills.write.written", "gate.checked"])
def test_a_crash_between_its_write_and_the_verdict_makes_it_no_persons(
    talking: LiveSidecar, model: TalkingModel, where: str
) -> None:
    name = f"struck_{where.split('.')[1]}"
    told(talking, model, first(name), words=f"Look at {name}")
    live = talking.active(name)
    talking.failpoints.strike(where)
    words = f"Wider {name}"
    model.play(words, writes(name, wider(name), base=first(name)), says("Done."))
    run = talking.client.send(words).id
    talking.exit_status()
    talking.start()
    talking.ended(run)
    assert (talking.active(name), states(talking, name)) == (live, ["waiting", "active"])


HELPED = '''"""Pay by a helper."""

from lib.NAME import due
from skills import Run, skill


@skill()
def NAME(run: Run) -> str:
    return due()
'''
HELPER = '"""What is due."""\n\n\ndef due() -> str:\n    return "nothing"\n'


def test_a_person_who_changes_a_helper_says_no_yes_to_what_waits(talking: LiveSidecar, model: TalkingModel) -> None:
    helper = talking.workspace / "lib" / "helped.py"
    helper.write_text(HELPER)
    plain = HELPED.replace("NAME", "helped")
    talking.put("helped", plain)
    live = talking.active("helped")
    model.play(
        "Wider by itself",
        calls(
            "write_skill",
            {
                "name": "helped",
                "text": plain.replace("@skill()", '@skill(hosts=["c.example"])'),
                "base": talking.client.source("helped").hash,
                "reason": "more",
            },
        ),
        says("Done."),
    )
    talking.ended(talking.client.send("Wider by itself").id)
    asked = approval(talking, "helped")
    helper.write_text(HELPER.replace("nothing", "something"))
    wait_until(lambda: approval(talking, "helped").id != asked.id, "it is asked about anew")
    assert talking.active("helped") == live


def rehearsed(sidecar: LiveSidecar, model: TalkingModel, name: str, words: str) -> str:
    """What the agent is told of a rehearsal."""
    model.play(words, calls("rehearse_skill", {"name": name}), says("Done."))
    sidecar.ended(sidecar.client.send(words).id)
    return model.results(words)[-1]


def test_what_waits_is_rehearsed_as_it_sends_nothing(talking: LiveSidecar, model: TalkingModel) -> None:
    told(talking, model, PAYING.replace("NAME", "rehearsed_payer"), words="Pay, rehearsed")
    (waiting,) = talking.client.history("rehearsed_payer")
    said = rehearsed(talking, model, "rehearsed_payer", "Rehearse the payer")
    assert "rehearsed_payer succeeded" in said
    assert 'output: "nothing"' in said
    run = talking.run("rehearsed_payer", rehearsal=True)
    assert (run.run.version, run.output) == (waiting.hash, "nothing")
    with pytest.raises(
        Refused, match=r"passed the check and waits for a person's yes \(tend approvals show"
    ) as refused:
        talking.client.run_skill("rehearsed_payer")
    assert approval(talking, "rehearsed_payer").id in str(refused.value)


def test_what_waits_for_a_new_host_is_not_rehearsed_before_the_yes(talking: LiveSidecar, model: TalkingModel) -> None:
    told(talking, model, first("unheard"), words="Look, unheard")
    told(talking, model, wider("unheard"), words="Wider, unheard", base=first("unheard"))
    asked = approval(talking, "unheard").id
    said = rehearsed(talking, model, "unheard", "Rehearse the unheard")
    why = (
        "unheard waits for a person's yes, since it reaches b.example. Its rehearsal would do that too, so it can't be "
        f"rehearsed before (tend approvals show {asked})"
    )
    assert why in said
    with pytest.raises(Refused, match=re.escape(why)):
        talking.client.run_skill("unheard", rehearsal=True)
    talking.client.answer(asked, "no", "not there")
    denied = rehearsed(talking, model, "unheard", "Rehearse the denied")
    assert "unheard passed the check, but person said no: not there" in denied


SECRET = (
    first("NAME")
    .replace("http, skill", "http, secret, skill")
    .replace('a.example/")', 'a.example/", bearer=secret("TOKEN"))')
    .replace('"a.example"]', '"a.example"], secrets=["TOKEN"]')
    .replace('"seen"', "run.step(look)")
)


def test_a_secret_that_waits_for_a_yes_goes_nowhere_in_a_rehearsal(
    talking: LiveSidecar, model: TalkingModel, sink: Sink
) -> None:
    talking.client.set_secret("TOKEN", "a value that nobody sees")
    keeper = SECRET.replace("NAME", "keeper").replace("a.example", sink.host)
    told(talking, model, keeper, words="Look with the token")
    assert "keeper may not send the secret TOKEN" in rehearsed(talking, model, "keeper", "Rehearse the keeper")
    talking.client.answer(approval(talking, "keeper").id, "yes")
    wait_until(lambda: talking.active("keeper"), "it goes live")
    talking.client.grant_secret("keeper", "TOKEN", sink.host)
    talking.client.remove("keeper")
    told(talking, model, keeper, words="Look with the token once more")
    said = rehearsed(talking, model, "keeper", "Rehearse it with a grant")
    assert "keeper waits for a person's yes, since it sends the secret TOKEN" in said
    assert sink.paths() == {}


def test_who_rehearses_hears_that_the_check_refused_what_was_written(sidecar: LiveSidecar) -> None:
    sidecar.put("spoilt", first("spoilt"))
    sidecar.save("spoilt", "no Python")
    wait_until(lambda: sidecar.client.skill("spoilt").skill.problems, "it is refused")
    with pytest.raises(Refused, match="the check refused spoilt as its file is now"):
        sidecar.client.run_skill("spoilt", rehearsal=True)
    sidecar.client.run_skill("spoilt")
