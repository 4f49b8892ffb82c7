"""Edits of a text: passages that are replaced, each found by its own words."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from sidecar.caller import CommandRefused


class Edit(BaseModel):
    """`new` in the place of `old`, which occurs exactly once in the text as the edits before it have left it."""

    old: str = Field(min_length=1)
    new: str


def edited(text: str, edits: Sequence[Edit], path: str) -> str:
    """The text after all edits. Raises CommandRefused where one has no place, or several; then none is made."""
    for number, edit in enumerate(edits, 1):
        if text.count(edit.old) != 1:
            which = f"edit {number} of {len(edits)}: " if len(edits) > 1 else ""
            raise CommandRefused("no_match", f"{which}{_no_place(text, edit.old, path)}. Nothing was changed.")
        text = text.replace(edit.old, edit.new)
    return text


def _no_place(text: str, old: str, path: str) -> str:
    places = _lines_of(text, old)
    if places:
        return (
            f"the passage occurs {len(places)} times in {path}, from lines {_listed(places)}; "
            f"take more of the lines around it, so that it occurs once"
        )
    begin = next((line.strip() for line in old.splitlines() if line.strip()), "")
    near = _lines_of(text, begin) if begin else []
    hint = f"; its beginning stands in line {near[0]}, and what follows or the spaces differ" if near else ""
    return f"the passage does not occur in {path}{hint}. Read it again, and take it character for character"


def _lines_of(text: str, passage: str) -> list[int]:
    """The line, from 1, in which each occurrence begins."""
    lines, start = [], text.find(passage)
    while start >= 0:
        lines.append(text.count("\n", 0, start) + 1)
        start = text.find(passage, start + len(passage))
    return lines


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
