"""The warm check's verdicts are those of batch mypy. (The other tests of a check run with both, too.)"""

from __future__ import annotations

import pytest

from sidecar.checker.report import Snapshot
from sidecar.checker.types import BatchMypy
from sidecar.checker.warm_checks import WarmChecks
from tests.checker.additions import ADDITIONS, OUTSIDE_THE_GRAPH
from tests.checker.conftest import BODY, skill, snapshot
from tests.checker.mutants import compare, mutants, told
from tests.support.library import give_library

SEED = 20261121
COUNT = 60


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> BatchMypy:
    return BatchMypy(give_library(tmp_path_factory.mktemp("batch")))


@pytest.mark.timeout(400)
def test_random_mutants_have_the_same_problems(checks: WarmChecks, batch: BatchMypy) -> None:
    tally = compare(mutants(SEED, COUNT), checks.types, batch)
    assert not tally.disagreements, f"seed {SEED}: {tally.disagreements}"
    assert not tally.unanswered
    assert min(tally.passed, tally.refused) >= COUNT / 3
    assert tally.in_helpers >= COUNT / 6


@pytest.mark.parametrize(("module", "use"), OUTSIDE_THE_GRAPH)
def test_a_module_that_the_zygote_does_not_know(checks: WarmChecks, module: str, use: str) -> None:
    good = skill(f"    run.log(repr({use}))\n" + BODY, before=f"import {module}\n")
    assert checks.types.ask(snapshot(good)) == []
    [problem] = checks.types.ask(snapshot(good.replace(use, f"{module}.nothing")))
    assert "nothing" in problem.reason


@pytest.mark.parametrize("name", ADDITIONS)
def test_every_addition_is_good_alone(checks: WarmChecks, name: str) -> None:
    """Or the mutants would all be refused."""
    assert checks.types.ask(snapshot(skill(before=f"import lib.{name}\n"), **{name: ADDITIONS[name]})) == []


CORNERS: dict[str, tuple[str, dict[str, str]]] = {
    "no Python": (skill("    return run.step(fetch, 'tea'\n"), {}),
    "a helper that is no Python": (skill(before="from lib.maths import a\n"), {"maths": "def a( -> None: ...\n"}),
    "a circle": (skill(before="import lib.a\n"), {"a": "import lib.b\nX = lib.b.Y\n", "b": "import lib.a\nY = 3\n"}),
    "a package": (skill(before="from lib import maths\n"), {"__init__": "", "maths": "X: int = ''\n"}),
    "a wrong re-export": (skill(before="from lib import x\n"), {"__init__": "from lib.maths import x\n", "maths": ""}),
    "a submodule that nobody imports": (skill(before="import xml\nE = xml.etree.ElementTree.Element('a')\n"), {}),
    "a submodule that a library imports": (skill(before="import email\nE = email.charset.Charset()\n"), {}),
    "os.path": (skill(before="import os\nE = os.path.join('a', 3)\n"), {}),
    "an ignored line": (skill(before="import lib.x # type: ignore\n"), {}),
    "an ignored file": ("# mypy: ignore-errors\n" + skill("    return 3\n"), {}),
    "configured in the file": ("# mypy: disallow-any-expr, nonsense=3\n" + skill(), {}),
    "nothing at all": ("", {}),
    "other line ends": (skill().replace("\n", "\r\n"), {}),
    "a byte order mark": ("\ufeff" + skill("    return 3\n"), {}),
}


@pytest.mark.parametrize("corner", CORNERS)
def test_corners(checks: WarmChecks, batch: BatchMypy, corner: str) -> None:
    source, helpers = CORNERS[corner]
    made = snapshot(source, **helpers)
    assert told(checks.types.ask(made)) == told(batch.check(made))


@pytest.mark.parametrize("name", ["usual", "template", "canary", "src", "cache"])
def test_a_skill_may_have_a_name_that_the_zygote_used(checks: WarmChecks, batch: BatchMypy, name: str) -> None:
    made = Snapshot(f"skills/{name}.py", {f"skills/{name}.py": skill("    return 3\n").encode()})
    assert told(checks.types.ask(made)) == told(batch.check(made)) != []
