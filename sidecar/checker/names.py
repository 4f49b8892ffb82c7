"""Which file names a skill or a helper may have: those that mean the same module to everyone who reads them."""

from __future__ import annotations

import importlib.metadata
import keyword
import sys
from functools import cache
from pathlib import PurePosixPath

from sidecar.checker.report import Problem

SHIPPED = ("agent", "weekly_review")  # skills that ship with Tend


@cache
def installed_packages() -> frozenset[str]:
    """The top-level names that site-packages offers here, our own among them."""
    return frozenset(importlib.metadata.packages_distributions())


def name_problem(path: str) -> Problem | None:
    """What is wrong with this workspace path as the place of a skill or helper, or None.

    A skill is `skills/NAME.py`, and NAME becomes a top-level module: one called `json` would stand in the way of the
    real one. A helper is `lib/…/NAME.py` and always imported with `lib.` in front, so only its spelling matters.
    """
    *folders, file = PurePosixPath(path).parts or ("",)
    stem = file.removesuffix(".py")
    if folders[:1] not in (["skills"], ["lib"]) or not file.endswith(".py"):
        return _problem(
            path, "this is no place for a skill", "Save a skill as skills/NAME.py, a helper as lib/NAME.py."
        )
    if folders[0] == "skills" and len(folders) > 1:
        return _problem(
            path, "a skill lies directly in skills/, not in a folder below it", f"Save it as skills/{file}."
        )
    for part in (*folders[1:], stem):
        if not part.isidentifier() or keyword.iskeyword(part) or not part.isascii():
            return _problem(
                path,
                f"{part!r} is no module name",
                "Use letters, digits and underscores, and begin with a letter: price_report.py.",
            )
    if folders[0] == "skills" and (owner := _owner(stem)):
        return _problem(path, f"the name {stem!r} belongs to {owner}", f"Choose a name of its own: my_{stem}.py.")
    return None


def _owner(name: str) -> str:
    if name in sys.stdlib_module_names or name in sys.builtin_module_names:
        return "Python's standard library"
    if name in {"lib", "skills"}:
        return "the workspace"
    if name in SHIPPED:
        return "a skill that ships with Tend"
    return "an installed package" if name in installed_packages() else ""


def _problem(path: str, reason: str, fix: str) -> Problem:
    return Problem(stage="read", file=path, line=0, reason=reason, fix=fix)
