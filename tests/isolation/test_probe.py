"""What the strongest tier denies, and that each attempt is a real one. (I13)"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from sidecar.isolation.box import obstacle
from sidecar.isolation.tiers import reached
from tests.isolation.probe import ALL, Outcome, Place
from tests.support.ordinary_user import REPOSITORY, become_ordinary, needs_ordinary_user

WHO = ("this user", "an ordinary user")

pytestmark = pytest.mark.skipif(
    reached().tier != "locked", reason=f"this machine reaches {reached().tier}: {reached().because}"
)


@pytest.fixture(scope="module", params=WHO)
def found(request: pytest.FixtureRequest) -> Mapping[Place, Mapping[str, Outcome]]:
    command = [sys.executable, "-m", "tests.isolation.probe", "--json"]
    if request.param != WHO[0]:
        needs_ordinary_user()
        command = become_ordinary(command)
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result: Mapping[Place, Mapping[str, Outcome]] = json.loads(done.stdout)
    return result


def test_the_strongest_tier_denies_every_attempt(found: Mapping[Place, Mapping[str, Outcome]]) -> None:
    assert len(ALL) >= 36
    assert [name for name, outcome in found["locked"].items() if outcome != "denied"] == []


# What a program is for, and what stays in the box with it: modes and times are not changed, but it is told so.
IN_A_BOX = {
    "read /etc/passwd",
    "change a file's mode",
    "change a file's owner",
    "change a file's times",
    "fork",
    "make a process by clone",
    "run a program",
    "become a program by exec",
    "become a program that is in memory alone",
    "send the parent a signal",
    "live on when the parent dies",
    "lead a process group of its own",
    "make a pair of sockets",
    "shared memory that other processes see",
    "a file in memory that may be executed",
    "personality: switch off what makes addresses hard to guess",
    "let others of the same user read its memory",
}


def test_a_box_denies_what_leads_out_of_it(found: Mapping[Place, Mapping[str, Outcome]]) -> None:
    if "box" not in found:
        pytest.skip(obstacle())
    assert {name for name, outcome in found["box"].items() if outcome != "denied"} <= IN_A_BOX


def test_outside_of_any_tier_each_attempt_succeeds(
    found: Mapping[Place, Mapping[str, Outcome]], request: pytest.FixtureRequest
) -> None:
    """So what is denied in a tier is denied by the tier."""
    is_root = os.getuid() == 0 and WHO[0] in request.node.name
    expected = [each.name for each in ALL if not each.may_be_off and (is_root or not each.needs_root)]
    assert [name for name in expected if found["outside"][name] != "done"] == []


def test_each_tier_denies_what_the_weaker_ones_deny(found: Mapping[Place, Mapping[str, Outcome]]) -> None:
    pairs: list[tuple[Place, Place]] = [("limited", "filtered"), ("filtered", "locked")]
    for weaker, stronger in pairs:
        denied = {name for name, outcome in found[weaker].items() if outcome == "denied"}
        assert {name for name in denied if found[stronger][name] != "denied"} == set()
