"""What the README shows works."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path

from sidecar.client import Settings
from tests.support.live_sidecar import LiveSidecar

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text()


def test_its_skill_passes_the_check(sidecar: LiveSidecar) -> None:
    (source,) = re.findall(r"```python\n# workspace/skills/price_watch.py\n(.*?)```", README, re.DOTALL)
    verdict = sidecar.client.write("price_watch", source, base=None, reason="as the README shows it")
    assert verdict.live, verdict.report.problems
    sidecar.client.remove("price_watch")


def test_its_commands_are_the_ones_that_there_are() -> None:
    install = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
    assert [line.rpartition(" && ")[2] for line in install] == [".venv/bin/tend demo", ".venv/bin/python -m tests"]
    assert all("-c requirements.lock" in line for line in install)


def test_its_settings_are_the_ones_that_there_are() -> None:
    table = README.partition("## Settings")[2]
    named = {
        name for row in re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    assert named == {field.name for field in fields(Settings)} - {"agent"}


def test_the_lock_file_has_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *extras["postgresql"], *extras["test"]]
    wanted.remove("tend-harness[postgresql]")  # the extra before it
    locked = set(re.findall(r"^([\w-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert {re.split(r"[<>=[]", line)[0] for line in wanted} <= locked
