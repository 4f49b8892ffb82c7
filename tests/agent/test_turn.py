"""The loop: from a message to the reply, whatever the model does on the way."""

from __future__ import annotations

from typing import Any

import pytest

from harness.agent import turn
from harness.agent.limits import CUTS, MODEL_CALLS, REMEMBERED, REQUEST, SAME_RESULTS, SOURCE, WORDS
from harness.agent.room import BETWEEN, size
from harness.agent.tools.show_skill import RUNS_NOW
from tests.agent.scripted_sidecar import Refusal, in_turn
from tests.agent.talk import EDIT, FILE, HASH, PROBLEM, WRITE, ask, calls, results, run_detail, says, sidecar, verdict


def test_an_answer_needs_one_call_and_is_remembered() -> None:
    port = sidecar(says("You have none."))
    reply = ask(port, "Which skills do I have?")
    assert (reply.text, reply.ended, reply.model_calls) == ("You have none.", "answered", 1)
    assert port.done("chat.remember") == [
        {
            "session": "s1",
            "messages": [
                {"role": "user", "content": "Which skills do I have?"},
                {"role": "assistant", "content": "You have none."},
            ],
        }
    ]


def test_a_tools_result_goes_back_to_the_model_together_with_its_thoughts() -> None:
    port = sidecar(calls(("list_skills", {})), says("None."), skills__list=[])
    assert ask(port).text == "None."
    said = port.prompts[1]["messages"]
    assert [block["type"] for block in said[1]["content"]] == ["thinking", "tool_use"]
    assert said[2] == {
        "role": "user",
        "content": [{"type": "tool_result", "tool_use_id": "call_0", "content": "There are no skills yet."}],
    }


def test_several_calls_of_one_reply_are_answered_in_one_message() -> None:
    port = sidecar(calls(("list_skills", {}), ("list_runs", {})), says("."), skills__list=[], runs__list=[])
    ask(port)
    assert [result["tool_use_id"] for result in results(port)] == ["call_0", "call_1"]
    assert port.done("runs.list") == [{"skill": None, "state": None, "limit": 20}]


def test_a_refused_write_is_mended_by_the_model() -> None:
    port = sidecar(
        calls(WRITE),
        calls(EDIT),
        calls(("rehearse_skill", {"name": "price_report"})),
        says("price_report is live."),
        skills__write=verdict(problems=(PROBLEM,)),
        skills__edit=verdict(),
        skills__run=run_detail(),
    )
    assert ask(port).ended == "answered"
    refused, live, rehearsed = results(port)
    assert refused["is_error"]
    assert refused["content"].splitlines() == [
        f"Refused: price_report. What was live before stays live. To change it: base={FILE[:12]}",
        "skills/price_report.py:7: Incompatible return value type (got int, expected str)",
        "    return price",
        "    fix: Return str(price).",
    ]
    assert "is_error" not in live
    assert live["content"].splitlines() == [
        f"Live: price_report passed the check. To change it: base={FILE[:12]}",
        f"Version {HASH[:12]}. Schedule: at 09:00 on Monday. Next: Mon 2026-11-23 09:00 (Europe/Berlin).",
        "It reaches prices.example.com.",
        RUNS_NOW,
    ]
    assert 'fetch(shop="a") succeeded: 3' in rehearsed["content"]
    assert port.done("skills.run") == [{"name": "price_report", "input": None, "rehearsal": True, "wait": True}]


def test_a_conflict_tells_the_model_to_keep_the_persons_edit() -> None:
    conflict = Refusal("conflict", "skills/price_report.py has changed. Read it again.")
    port = sidecar(calls(EDIT), says("."), skills__edit=in_turn(conflict))
    ask(port)
    (result,) = results(port)
    assert result["is_error"]
    assert result["content"].startswith("conflict: skills/price_report.py has changed. Read it again. It was your own")
    assert "Keep a person's edit" in result["content"]


def test_a_refusal_names_the_tool_and_not_what_people_type() -> None:
    unknown = Refusal("not_found", "there is no skill 'tea'. See: tend skills list")
    port = sidecar(calls(("read_skill", {"name": "tea"})), says("."), skills__read=in_turn(unknown))
    ask(port)
    (result,) = results(port)
    assert result["content"] == "not_found: there is no skill 'tea'. See: list_skills"


@pytest.mark.parametrize(
    ("version", "problems", "head"),
    [
        (HASH, 0, f"skills/p.py (active version {HASH[:12]}). To change it: base={FILE[:12]}"),
        (None, 0, f"skills/p.py (no active version). To change it: base={FILE[:12]}"),
        (
            HASH,
            2,
            (
                "skills/p.py as it is now: refused by the check, 2 problems (check_report). "
                f"Live is {HASH[:12]}; read it with version={HASH[:12]}. To change it: base={FILE[:12]}"
            ),
        ),
    ],
)
def test_a_source_says_whether_it_is_what_runs(version: str | None, problems: int, head: str) -> None:
    source = {"skill": "p", "path": "skills/p.py", "hash": FILE, "version": version, "text": "x", "problems": problems}
    port = sidecar(calls(("read_skill", {"name": "p"})), says("."), skills__read=source)
    ask(port)
    assert results(port)[0]["content"] == f"{head}\n\nx"


def test_the_edits_of_one_call_go_as_one_change() -> None:
    port = sidecar(calls(EDIT), says("."), skills__edit=verdict())
    ask(port)
    assert port.done("skills.edit") == [EDIT[1]]


def test_versions_are_listed_with_their_reasons() -> None:
    version = {
        "hash": HASH,
        "state": "retired",
        "author": "agent",
        "reason": "as\nasked",
        "created_at": "2026-11-21T08:00:00Z",
    }
    port = sidecar(calls(("list_versions", {"name": "p"})), says("."), skills__history=[version])
    ask(port)
    assert results(port)[0]["content"] == f"- {HASH[:12]} retired | Sat 2026-11-21 09:00 | by agent: as asked"


def test_only_the_file_as_it_is_now_comes_with_a_base() -> None:
    source = {"skill": "p", "path": "skills/p.py", "hash": FILE, "version": HASH, "text": "x = 1\n", "problems": 0}
    now, earlier = ("read_skill", {"name": "p"}), ("read_skill", {"name": "p", "version": HASH[:8]})
    port = sidecar(calls(now, earlier), says("."), skills__read=source)
    ask(port)
    assert [FILE[:12] in result["content"] for result in results(port)] == [True, False]
    assert all(result["content"].endswith("\n\nx = 1\n") for result in results(port))


def test_an_unknown_tool_is_answered_with_the_tools_there_are() -> None:
    port = sidecar(calls(("rm_rf", {"path": "/"})), says("."))
    ask(port)
    (result,) = results(port)
    assert result["is_error"]
    assert result["content"].startswith("There is no tool 'rm_rf'. There are: list_skills, read_skill, ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "name: Field required"),
        ({"name": 5}, "name: Input should be a valid string, got 5"),
        ({"name": "x", "force": True}, "force: Extra inputs are not permitted"),
    ],
)
def test_wrong_input_is_answered_with_the_right_one_and_does_nothing(given: dict[str, Any], said: str) -> None:
    port = sidecar(calls(("delete_skill", given)), says("."))
    ask(port)
    (result,) = results(port)
    assert result["is_error"]
    assert said in result["content"]
    assert result["content"].endswith("It takes name.")
    assert port.done("skills.remove") == []


def test_the_same_call_with_the_same_result_is_no_progress() -> None:
    port = sidecar(*[calls(("list_skills", {}))] * SAME_RESULTS, skills__list=[])
    reply = ask(port)
    assert (reply.ended, reply.model_calls) == ("no_progress", SAME_RESULTS)
    assert "I was stuck" in reply.text
    assert reply.text.endswith("I changed nothing.")


def test_a_look_that_is_the_same_after_a_change_is_progress() -> None:
    look = ("read_memory", {"path": "MEMORY.md"})
    notes = [("add_note", {"text": f"Lamp {n}."}) for n in range(SAME_RESULTS)]
    memory = {"path": "MEMORY.md", "text": "Lamps.", "hash": FILE}
    port = sidecar(
        *[calls(look, note) for note in notes], calls(look), says("."), memory__read=memory, memory__note=memory
    )
    assert ask(port).ended == "answered"


def test_the_same_change_again_and_again_is_no_progress() -> None:
    note = ("add_note", {"text": "Lamps."})
    port = sidecar(*[calls(note)] * SAME_RESULTS, memory__note={"path": "memory/2026-11-21.md", "text": "", "hash": ""})
    assert ask(port).ended == "no_progress"


def test_who_looks_again_is_told_that_waiting_leads_nowhere() -> None:
    poll = ("read_run", {"run": "01RUN"})
    port = sidecar(*[calls(poll)] * (SAME_RESULTS - 1), says("It still runs."), runs__show=run_detail())
    assert ask(port).text == "It still runs."
    first, second = results(port)
    assert second["content"] == f"{first['content']}\n{turn.AGAIN}"


def test_endless_calls_end_at_the_limit_with_what_was_done() -> None:
    endless = [calls(("read_run", {"run": f"r{n}"})) for n in range(MODEL_CALLS - 1)]
    port = sidecar(calls(WRITE), *endless, skills__write=verdict(), runs__show=run_detail())
    reply = ask(port)
    assert (reply.ended, reply.model_calls) == ("limit", MODEL_CALLS)
    assert f"after {MODEL_CALLS} model calls" in reply.text
    assert "- write_skill: Live: price_report" in reply.text


def test_what_was_read_first_makes_room_for_what_is_read_later() -> None:
    source = {"skill": "p", "path": "skills/p.py", "hash": FILE, "version": HASH, "problems": 0}
    reads = [("read_skill", {"name": f"p{n}"}) for n in range(30)]
    port = sidecar(
        *[calls(*reads[n : n + 3]) for n in range(0, 30, 3)],
        says("Read."),
        skills__read=lambda name, version: source | {"text": f"# {name} " + "x" * SOURCE},
    )
    assert ask(port).ended == "answered"
    assert max(size(prompt) for prompt in port.prompts) <= REQUEST
    (before, *_, last) = [block["content"] for block in port.prompts[-1]["messages"][-1]["content"]]
    assert len(before) > SOURCE
    assert len(last) > SOURCE
    (first, *_) = port.prompts[-1]["messages"][2]["content"]
    assert "# p0 xxx" in first["content"]
    assert first["content"].endswith("this made room; call again]")
    assert size(port.done("chat.remember")) < REMEMBERED + 1_000


@pytest.mark.parametrize("character", ["x", "雪", "🂡"])
def test_a_message_that_is_too_long_for_a_request_is_answered_and_its_beginning_remembered(character: str) -> None:
    port = sidecar()
    reply = ask(port, character * (1024 * 1024 // len(character.encode())))
    assert (reply.ended, reply.model_calls) == ("limit", 0)
    assert "more than I can take in at once" in reply.text
    asked, answered = port.done("chat.remember")[0]["messages"]
    assert asked["content"].startswith(character * WORDS + "\n[cut: ")
    assert answered["content"] == reply.text


def test_a_turn_that_wrote_too_much_is_remembered_by_its_first_and_last_words() -> None:
    new = [{"name": "p", "text": letter * 110_000, "base": None, "reason": "new"} for letter in "xyz"]
    port = sidecar(*[calls(("write_skill", given)) for given in new], says("Done."), skills__write=verdict())
    assert ask(port, "Write it.").ended == "answered"
    asked, answered = port.done("chat.remember")[0]["messages"]
    assert asked["content"] == f"Write it.\n{BETWEEN}"
    assert answered["content"] == "Done."


def test_a_reply_that_was_cut_goes_on_and_its_calls_are_not_carried_out() -> None:
    cut = calls(WRITE) | {"stop_reason": "max_tokens"}
    port = sidecar(cut, says("The first half,", "max_tokens"), says("the second."))
    reply = ask(port)
    assert (reply.text, reply.ended) == ("The first half,\nthe second.", "answered")
    assert port.done("skills.write") == []
    assert port.prompts[1]["messages"][-2:] == [
        {"role": "assistant", "content": "(cut)"},
        {"role": "user", "content": turn.GO_ON},
    ]


def test_a_reply_that_was_cut_within_a_call_goes_on_too() -> None:
    port = sidecar(Refusal("ModelReplyCut", "The reply stopped at 32000 tokens"), says("Shorter."))
    assert ask(port).text == "Shorter."
    assert port.prompts[1]["messages"][-1] == {"role": "user", "content": turn.GO_ON}


def test_a_model_that_is_cut_again_and_again_is_stopped() -> None:
    port = sidecar(*[says("Well,", "max_tokens")] * (CUTS + 1))
    reply = ask(port)
    assert (reply.ended, reply.model_calls) == ("cut", CUTS + 1)
    assert "my reply got too long" in reply.text


def test_a_pause_of_the_server_goes_on() -> None:
    port = sidecar(says("One moment.", "pause_turn"), says("Here."))
    assert ask(port).text == "Here."


def test_a_refusal_is_said_and_none_of_it_is_kept() -> None:
    port = sidecar(says("I wo", "refusal"))
    reply = ask(port)
    assert reply.ended == "refused"
    assert "declined" in reply.text
    assert "I wo" not in str(port.done("chat.remember"))


@pytest.mark.parametrize("stop", ["end_turn", "tool_use"])
def test_a_reply_without_words_still_ends_in_words(stop: str) -> None:
    port = sidecar({"content": [], "stop_reason": stop})
    assert ask(port).text == "I have nothing to add.\nI changed nothing."


def test_a_model_that_cannot_be_asked_says_why_and_what_was_done() -> None:
    missing = Refusal("ModelNotConfigured", "Set TEND_ANTHROPIC_API_KEY.")
    port = sidecar(calls(WRITE), missing, skills__write=verdict())
    with pytest.raises(AssertionError, match="NotAnswered") as raised:
        ask(port)
    assert "Set TEND_ANTHROPIC_API_KEY." in str(raised.value)
    assert "- write_skill: Live: price_report" in str(raised.value)
    assert "Set TEND_ANTHROPIC_API_KEY." in port.done("chat.remember")[0]["messages"][-1]["content"]
