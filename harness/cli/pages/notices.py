"""What people were told, and how it came to them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness import words as vocabulary
from harness.words import Words, count
from sidecar.client import views

IN_DOUBT = ("ambiguous", "failed")  # a person has to say what becomes of it


def notice_page(notices: Sequence[views.Notice], words: Words) -> RenderableType:
    if not notices:
        return Text("No notices yet. A skill sends one with run.notify(target, text).")
    return Text("\n").join(_notice(notice, words) for notice in notices)


def _notice(notice: views.Notice, words: Words) -> Text:
    return Text.assemble(
        (f"{words.relative(notice.at)}  ", "dim"),
        (f"{notice.skill} → {notice.target}", "bold"),
        (f"  run {words.id(notice.run)}" if notice.run else "", "dim"),
        f"\n  {notice.text}",
        *(part for posting in notice.postings for part in ("\n  ", posting_line(posting, words))),
    )


def posting_line(posting: views.Posting, words: Words) -> Text:
    """`✓ sent to ops`; of one that is not there, why, and what to type."""
    line = Text.assemble(
        (vocabulary.state(posting.state), vocabulary.colour(posting.state)), f" {_TO[posting.state]} {posting.target}"
    )
    if posting.reason:
        line.append(f": {posting.reason}")
    if posting.due_at is not None and posting.tries:
        line.append(f" ({count(posting.tries, 'try', 'tries')}; the next {words.relative(posting.due_at)})")
    elif posting.due_at is not None:
        line.append(f" ({words.relative(posting.due_at)})")
    if posting.state in IN_DOUBT:
        retry = words.command(f"notices retry {words.id(posting.id)}")
        line.append(f"\n    {retry}   or   {words.command(f'notices drop {words.id(posting.id)}')}", style="bold")
    return line


_TO = {
    "waiting": "for",
    "sent": "to",
    "ambiguous": "at",
    "failed": "to come to",
    "counted": "only, not sent to",
    "dropped": "for",
}
