"""Whose bytes a file has, and which of them wait for a person's yes."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from sidecar.caller import AGENT
from sidecar.gate import BY_HAND
from sidecar.registry import Origin
from sidecar.store.schema import approvals, versions
from tests.gate.stage import Stage, staged

BY_AGENT = Origin(author=AGENT, reason="as asked")
SENT = "from lib.a import x\n# sends\n"
OTHER = "# sends other things\n"


def states(stage: Stage, name: str) -> list[tuple[str, str]]:
    rows = stage.store.rows(sa.select(versions).where(versions.c.skill == name).order_by(versions.c.created_at))
    return [(row.state, row.author) for row in rows]


def waits_for_a_yes(stage: Stage, name: str) -> bool:
    asked = (approvals.c.skill == name, approvals.c.state == "open")
    return stage.registry.active(name) is None and bool(stage.store.rows(sa.select(approvals).where(*asked)))


def test_what_waits_is_the_agents_after_its_helper_could_not_be_read(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        helper = stage.save("lib/a.py", "x = 1\n")
        stage.save("skills/pays.py", SENT)
        stage.gate.judge("pays", BY_AGENT)
        assert waits_for_a_yes(stage, "pays")
        helper.write_bytes(b"\xff")
        assert not stage.gate.judge("pays", BY_HAND).passed
        helper.write_text("x = 2\n")
        assert stage.gate.judge("pays", BY_HAND).passed
        assert waits_for_a_yes(stage, "pays")


def test_what_waits_is_the_agents_after_its_file_was_gone(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        file = stage.save("skills/pays.py", SENT)
        stage.gate.judge("pays", BY_AGENT)
        stage.registry.retire("pays", "person", "its file was deleted")
        assert not waits_for_a_yes(stage, "pays")
        file.write_text(SENT)
        stage.gate.judge("pays", Origin(BY_HAND.author, BY_HAND.reason))
        assert waits_for_a_yes(stage, "pays")


def test_what_was_denied_is_not_asked_about_again_after_something_else_was(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save("skills/pays.py", SENT)
        denied = stage.gate.judge("pays", BY_AGENT).hash
        stage.answer("pays", "denied")
        stage.save("skills/pays.py", OTHER)
        stage.gate.judge("pays", BY_AGENT)
        assert waits_for_a_yes(stage, "pays")
        stage.save("skills/pays.py", SENT)
        assert stage.gate.judge("pays", BY_AGENT).hash == denied
        assert not waits_for_a_yes(stage, "pays")
        assert stage.registry.active("pays") is None
        assert states(stage, "pays") == [("refused", AGENT), ("superseded", AGENT)]
        told = stage.moments.after(0, timeout=0)[-1].data
        assert told["passed"] is False
        assert "person said no" in str(told["problems"])


def test_what_a_person_writes_is_theirs(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.save("skills/pays.py", SENT)
        stage.gate.judge("pays", BY_AGENT)
        stage.save("skills/pays.py", OTHER)
        stage.gate.judge("pays", BY_HAND)
        assert stage.registry.active("pays")
