"""What is told, in HTML: a long name may be broken where its words end, and the id of a run or a version is a link."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

_IDS = re.compile(r"\b(?:(?P<run>run |rerun of |runs show )?[0-9a-f]{16}|(?P<hash>[0-9a-f]{64}))\b")

_WAITS_FOR = {
    "approve": "for a yes",
    "wait_for": "for an event",
    "sleep": "for its time",
    "invoke": "for another run",
    "run": "for another run",
    "budget": "at a cap",
    "unknown": "for what you know: was it done?",
    "retry": "to try again",
}


def soft(name: str) -> Markup:
    """Broken after an underscore, if at all, and not within a word."""
    return Markup("_<wbr>").join(name.split("_"))


def linked(text: str, skill: str | None = None, *, short: int) -> Markup:
    """The first letters of each id in it, and the whole id behind them. `skill`: whose versions the hashes are."""

    def shown(found: re.Match[str]) -> Markup:
        before, whole = found["run"] or "", found.group().split(" ")[-1]
        if before:
            return Markup('{}<a class="id" href="/runs/{}">{}</a>').format(before, whole, whole[:short])
        if found["hash"] and skill:
            address = f"/skills/{skill}/source?version={whole}"
            return Markup('<a class="id" href="{}">{}</a>').format(address, whole[:short])
        return Markup('<span class="id" title="{}">{}</span>').format(whole, whole[:short])

    parts: list[Markup] = []
    end = 0
    for found in _IDS.finditer(text):
        parts += [escape(text[end : found.start()]), shown(found)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def apart_from(subject: str, skill: str | None) -> str:
    """What a decision was about, beside the skill that is named by itself."""
    return subject.removeprefix(skill).lstrip() if skill and subject.split(" ")[0] == skill else subject


def waits_for(reason: str) -> str:
    return _WAITS_FOR.get(reason, reason)
