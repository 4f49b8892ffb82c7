"""Which imports a file of the workspace may have: `skills`, its helpers in lib, the standard library and pydantic."""

from __future__ import annotations

import ast
import sys
from collections.abc import Collection, Iterator

from sidecar.checker.module import Module
from sidecar.checker.refused import MODULES, lookup
from sidecar.checker.report import Problem

_SKILLS_FIX = "Write: from skills import Run, http, skill, step (the names that you need)."
_LIB_FIX = "Write: from lib.prices import rise (the module and the names that you need)."


def import_problems(module: Module, helpers: Collection[str]) -> Iterator[Problem]:
    """The imports that this file must not have. `helpers` are the names of the snapshot's modules in lib."""
    for node in module.imports:
        for name in _imported(node):
            reason, fix = _verdict(node, name, helpers)
            if reason:
                yield module.problem("body", node, reason, fix)
                break  # one problem for a line of imports is enough


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Each name with its module in front: `from urllib import request` → urllib.request."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [f"{node.module or ''}.{alias.name}" for alias in node.names]


def _verdict(node: ast.Import | ast.ImportFrom, name: str, helpers: Collection[str]) -> tuple[str, str]:
    top = name.split(".")[0]
    if isinstance(node, ast.ImportFrom) and node.level:
        return "a relative import has no meaning here", _LIB_FIX
    if name.endswith(".*"):
        return "a star import hides where names come from", "Import each name that you use."
    if top == "skills":
        return _skills_verdict(node)
    if top == "lib":
        return _lib_verdict(node, name, helpers)
    if fix := lookup(MODULES, name):
        return f"a skill cannot import {_told(node, name)!r}", fix
    if top not in sys.stdlib_module_names and top != "pydantic":
        return (
            f"{top!r} is neither the standard library, pydantic, skills nor lib",
            f"Do without it. {_LIB_FIX}",
        )
    return "", ""


def _skills_verdict(node: ast.Import | ast.ImportFrom) -> tuple[str, str]:
    if isinstance(node, ast.Import):
        return "skills is imported as a module; its names are read one by one", _SKILLS_FIX
    if node.module != "skills":
        fix = f"{_SKILLS_FIX} What two skills share lies in lib."
        return f"{node.module!r} is not part of the author API", fix
    return "", ""


def _lib_verdict(node: ast.Import | ast.ImportFrom, name: str, helpers: Collection[str]) -> tuple[str, str]:
    """A name is a module of lib, or something in the module that stands before it."""
    package = name.rpartition(".")[0] if isinstance(node, ast.ImportFrom) else ""
    if name in helpers or package in helpers:
        return "", ""
    wanted = name if package in ("lib", "") else package
    path = wanted.replace(".", "/") + ".py"
    return f"there is no helper {path}", f"Save it as {path}, or correct the import (on a line of its own)."


def _told(node: ast.Import | ast.ImportFrom, name: str) -> str:
    """The module as the author wrote it."""
    if isinstance(node, ast.ImportFrom) and not MODULES.get(name):
        return node.module or name
    return name
