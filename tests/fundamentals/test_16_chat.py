"""One sentence in the chat becomes a skill: written, refused with the reason, mended, live."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from harness.agent.history import DROPPED
from harness.demo.scripted_model import Status, Turn
from sidecar.client import Refused, views
from sidecar.store.schema import transcript
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, says, writes
from tests.support.talking_model import TalkingModel
from tests.support.waiting import wait_until

GREETER = '''"""Say hello every morning."""

from skills import Run, cron, skill


@skill(on=cron("0 9 * * *"))
def greeter(run: Run) -> str:
    run.notify("#hello", "good morning")
    return "hello"
'''
WRONG = GREETER.replace('return "hello"', "return 42")


def told(sidecar: LiveSidecar, words: str, *, session: str | None = None) -> views.TranscriptEntry:
    """Say it, and wait for the answer."""
    run = sidecar.client.send(words, session=session)
    sidecar.ended(run.id)
    entries = [entry for known in sidecar.client.sessions() for entry in sidecar.client.transcript(known.id)]
    return next(entry for entry in entries if entry.run == run.id and entry.role == "agent")


def test_a_sentence_becomes_a_skill_and_a_type_error_is_mended_on_the_way(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    model.play(
        "Greet me",
        writes("greeter", WRONG),
        writes("greeter", GREETER, base=WRONG),
        says("Done: every day at nine."),
    )
    assert told(talking, "Greet me every morning.").text == "Done: every day at nine."

    refused, live = model.results("Greet me")
    assert "skills/greeter.py:9" in refused
    assert 'got "int", expected "str"' in refused
    assert live.startswith("Live: greeter")
    assert "Next:" in live

    assert talking.file("greeter").read_text() == GREETER
    detail = talking.client.skill("greeter")
    assert detail.skill.version == talking.active("greeter")
    assert [(version.state, version.author) for version in detail.versions] == [
        ("active", "agent"),
        ("refused", "agent"),
    ]


def test_each_reply_of_the_model_is_paid_for_once_though_the_turn_is_a_run(
    talking: LiveSidecar, model: TalkingModel
) -> None:
    model.play("How are you", says("Fine."))
    assert told(talking, "How are you?").text == "Fine."
    assert len(model.requests("How are you")) == 1


def test_the_agent_asks_a_person_and_goes_on_with_the_answer(talking: LiveSidecar, model: TalkingModel) -> None:
    question = {"question": "Which channel?", "choices": ["#ops", "#dev"]}
    model.play("Report somewhere", calls("ask_person", question), says("Then #dev it is."))
    model.play("#dev", says("never asked"))
    run = talking.client.send("Report somewhere.")
    asked = talking.approval(run.id)
    assert (asked.kind, asked.question, asked.choices) == ("question", "Which channel?", ("#ops", "#dev"))
    talking.waits(run.id, "question")
    session = talking.client.sessions()[0].id
    answer = talking.client.send("#dev", session=session)
    assert answer.id == run.id, "the answer goes to the run that asked"
    assert talking.ended(run.id).run.state == "succeeded"
    assert talking.client.transcript(session)[-1].text == "Then #dev it is."
    assert model.results("Report somewhere") == ["person answers: #dev"]


def test_an_edit_by_a_person_wins_over_what_the_agent_has_not_read(talking: LiveSidecar, model: TalkingModel) -> None:
    text = GREETER.replace("greeter", "shared")
    talking.put("shared", text)
    by_hand = text.replace("good morning", "moin")
    talking.save("shared", by_hand)
    wait_until(lambda: talking.client.source("shared").text == by_hand, "the edit is there")
    by_agent = text.replace("good morning", "howdy")
    model.play("Say howdy", writes("shared", by_agent, base=text), says("You changed it meanwhile; I left it."))
    told(talking, "Say howdy instead.")
    (conflict,) = model.results("Say howdy")
    assert conflict.startswith("conflict:")
    assert talking.file("shared").read_text() == by_hand


def test_a_rehearsal_by_the_agent_shows_the_run_and_sends_nothing(talking: LiveSidecar, model: TalkingModel) -> None:
    talking.put("rehearsed", GREETER.replace("greeter", "rehearsed"))
    model.play("Try it", calls("rehearse_skill", {"name": "rehearsed"}), says("It works."))
    assert told(talking, "Try it once.").text == "It works."
    (result,) = model.results("Try it")
    assert "succeeded" in result
    assert [notice for notice in talking.client.notices() if notice.skill == "rehearsed"] == []


def test_a_session_is_named_by_its_first_run_and_found_by_any(talking: LiveSidecar, model: TalkingModel) -> None:
    model.play("first words", says("One."))
    model.play("second words", says("Two."))
    first = talking.client.send("first words").id
    talking.ended(first)
    second = talking.client.send("second words", session=first).id
    talking.ended(second)
    said = [entry.text for entry in talking.client.transcript(first)]
    assert said == ["first words", "One.", "second words", "Two."]
    assert talking.client.send("first words", session=second).id
    with pytest.raises(Refused, match="there is no session 'nowhere'"):
        talking.client.send("first words", session="nowhere")


def test_a_long_conversation_goes_on_though_it_cannot_be_summed_up(talking: LiveSidecar, model: TalkingModel) -> None:
    model.play("Keep this", says("Noted."))
    model.play("user: Keep this", Turn(fault=Status(400)))
    session = talking.client.send("Keep this.").id
    talking.ended(session)
    for _ in range(5):
        told(talking, "Keep this.", session=session)
    long = {"role": "user", "content": f"Keep this: {'x' * 200_000}"}
    said = sa.select(transcript.c.seq, transcript.c.message).where(transcript.c.session == session)
    by_person = [seq for seq, message in talking.query(said) if message["role"] == "user"]
    talking.stop()
    talking.change_store(sa.update(transcript).where(transcript.c.seq.in_(by_person)).values(message=long))
    talking.start()

    assert told(talking, "Keep this.", session=session).text == "Noted."
    first, *_ = model.server.requests[-1]["messages"]
    assert first["content"].endswith(DROPPED)
