"""Finds what would switch the type check off from inside the file that it checks."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator

from sidecar.checker.module import Module
from sidecar.checker.report import Problem

_SILENCING = re.compile(r"#\s*(type:\s*ignore|mypy:)")


def silencing_problems(module: Module) -> Iterator[Problem]:
    for token in tokenize.generate_tokens(io.StringIO(module.text).readline):
        if token.type == tokenize.COMMENT and (found := _SILENCING.search(token.string)):
            fix = "Correct the types: a skill that is not checked does not go live."
            yield module.problem("body", token.start[0], f"{found[0]!r} would switch the type check off", fix)
