"""A few seconds of requests made from the OpenAPI document; `python -m tests.web.fuzz` is for longer."""

from __future__ import annotations

from pathlib import Path

from .fuzz import fuzz


def test_nothing_that_is_asked_is_answered_with_a_server_error(tmp_path: Path) -> None:
    code, told = fuzz(tmp_path, seconds=10)
    assert code == 0, told
