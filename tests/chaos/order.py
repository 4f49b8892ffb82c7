"""What the world sees of I1: once a step has been begun, those before it are on disk, and never run again."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.support.sink import Received


def assert_never_back(received: Iterable[Received], word: str, place: Callable[[str], int]) -> None:
    """Of the requests below /`word`/, none comes after one whose `place` in the run is later. `place` is given what
    stands behind the word."""
    reached, last = -1, ""
    for each in received:
        _, _, rest = each.path.partition(f"/{word}/")
        if rest:
            assert place(rest) >= reached, f"{each.path} came after {last}: what was acknowledged is done again"
            reached, last = place(rest), each.path
