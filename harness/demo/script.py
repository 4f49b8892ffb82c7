"""What the scripted model says. Each turn is worked out from the request: from the tools' results, the report of the
check, the hashes to start from, the runs that the evidence cites. It has no other way to know of the demo.
"""

from __future__ import annotations

import json
import re

from harness.demo.lamp_prices import FIRST_TRY, HOST, NEW_MARKUP, REPAIRED, REVISED
from harness.demo.talk import Talk
from harness.demo.turns import Request, ToolUse, Turn

SKILL = "lamp_prices"


def turn(request: Request) -> Turn:
    """The next turn: of the review's judgement, of a revision, or of a conversation with a person."""
    if not request.get("tools"):
        return judge(request)
    talk = Talk.of(request)
    return revise(talk) if "This is a revision of the skill" in talk.task else write(talk)


# ---------------------------------------------------------------- a person says what they need


def write(talk: Talk) -> Turn:
    """Write the skill, mend it until it is live, rehearse it, and say so."""
    if talk.last is None:
        return _write(FIRST_TRY, talk, None, "as asked")
    if talk.last.tool == "write_skill" and talk.last.refused:
        if talk.count("write_skill") > 1:
            return Turn(f"The check still refuses it, and I don't know why:\n{talk.last.text}")
        return _write(REPAIRED, talk, talk.last.base, "a page may have no price")
    if talk.last.tool == "write_skill":
        return Turn(tools=(ToolUse("rehearse_skill", {"name": SKILL}),))
    if not _succeeded(talk.last.text):
        return Turn(f"It is live, but its rehearsal failed:\n{_first_line(talk.last.text)}")
    live = re.search(r"Schedule: .*?\.(?= Next)", talk.newest("write_skill").text)
    schedule = f" {live[0]}" if live else ""
    return Turn(f"{SKILL} is live.{schedule} Its rehearsal read {_output(talk.last.text)}.")


def _write(source: str, talk: Talk, base: str | None, reason: str) -> Turn:
    found = re.search(r"http://([^\s/,;]+)", talk.task)
    if found is None:
        return Turn("Where is the shop? I need its address.")
    text = source.replace(HOST, found[1])
    return Turn(tools=(ToolUse("write_skill", {"name": SKILL, "text": text, "base": base, "reason": reason}),))


# ---------------------------------------------------------------- the review asks


def judge(request: Request) -> Turn:
    """Of the numbered candidates choose those whose output went stale."""
    values = re.findall(r"<value>\n(.*?)\n</value>", request["messages"][0]["content"], re.DOTALL)
    candidates = json.loads(values[-1])
    chosen = [
        {
            "candidate": int(number),
            "why": "Prices that varied with each run don't all stop at once: it no longer reads the pages.",
            "ask": "Find out why the report repeats itself, and mend it.",
        }
        for number, candidate in candidates.items()
        if candidate["kind"] == "stale output"
    ]
    said = "One skill says the same thing again and again." if chosen else "Nothing misfired."
    return Turn(json.dumps({"summary": said, "findings": chosen}))


def revise(talk: Talk) -> Turn:
    """Read the cited runs and the source; mend what they show; rehearse it, and give the reason."""
    if talk.last is None:
        cited = re.search(r"^Runs: (.+)$", talk.task, re.MULTILINE)
        runs = [ToolUse("read_run", {"run": run}) for run in (cited[1].split(", ") if cited else [])]
        return Turn(tools=(*runs, ToolUse("read_skill", {"name": SKILL})))
    match talk.last.tool, talk.last.refused:
        case "read_skill", False:
            return _mend(talk)
        case "write_skill", False:
            return Turn(tools=(ToolUse("rehearse_skill", {"name": SKILL}),))
        case "rehearse_skill", False if _succeeded(talk.last.text):
            return Turn(
                "The shop has a new layout. read_price found no price, and the last one known was reported instead. "
                "It reads the new layout now, and a page without a price fails the run, so that it can't go unnoticed."
            )
    return Turn(f"I could not mend it: {talk.last.text[:300]}")


def _mend(talk: Talk) -> Turn:
    """The newest run shows both: that no price was found, and on the page that it got, where the price stands now."""
    run, source = talk.newest("read_run"), talk.newest("read_skill")
    if not re.search(r"read_price.* succeeded: null", run.text):
        return Turn("The runs don't show that a price was not found. I changed nothing.")
    if NEW_MARKUP not in run.text:
        return Turn("I don't see where the pages have their prices now. I changed nothing.")
    text = source.text.partition("\n\n")[2]
    for old, new in REVISED:
        if text.count(old) != 1:
            return Turn(f"This passage is not in the source as I expected it, so I changed nothing:\n{old}")
        text = text.replace(old, new)
    reason = "reads the new layout; no price is an error"
    return Turn(tools=(ToolUse("write_skill", {"name": SKILL, "text": text, "base": source.base, "reason": reason}),))


# ---------------------------------------------------------------- reading results


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _succeeded(rehearsal: str) -> bool:
    return f" {SKILL} succeeded |" in rehearsal


def _output(rehearsal: str) -> str:
    found = re.search(r"^output: (.*)$", rehearsal, re.MULTILINE)
    return found[1] if found else "nothing"
