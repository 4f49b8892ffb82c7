"""A name that stands for something else a moment later leads to what was checked, and nowhere else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway.rebinding import NAME
from tests.support.namespace import missing


def test_what_was_checked_is_what_is_connected_to() -> None:
    """By the real resolver, in the real gateway process."""
    if obstacle := missing():
        pytest.skip(obstacle)
    command = ["unshare", "--net", "--mount", sys.executable, "-m", "tests.gateway.rebinding"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told == {
        "outcomes": ["200", "AddressRefused"],
        "asked": 2,  # once for each request: between look and connection nobody asks again
        "public": [NAME],
        "private": [],
    }
