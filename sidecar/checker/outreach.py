"""What the code of a skill and its helpers says that it does, besides what it declares: how often it asks the model,
and which of its steps cannot be undone. It announces, and gives no power: rather once too often than not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import get_args

from sidecar.checker.literals import Literals, Unreadable
from sidecar.checker.manifest import Does, Irreversible
from sidecar.checker.module import Module, called

QUESTION = 200  # characters of one that are kept


def model_calls(modules: Sequence[Module]) -> int:
    """How many places call something like `run.ask(...)`; what a loop makes of one is not to be seen."""
    return sum(1 for module in modules for _ in _calls(module, "ask"))


def irreversible_steps(modules: Sequence[Module]) -> tuple[Irreversible, ...]:
    """Each with the questions that a `run.step_if_approved(...)` puts about it."""
    questions = [asked for module in modules for asked in _questions(module)]
    return tuple(
        Irreversible(
            step=step, does=does, asks=tuple(dict.fromkeys(text for about, text in questions if about == meaning))
        )
        for module in modules
        for step, meaning, does in _irreversible(module)
    )


def _irreversible(module: Module) -> Iterator[tuple[str, str, Does | None]]:
    """The step's name, what that stands for, and of which kind it says that it is: ("pay", "lib.shop.pay", "pays")."""
    for node in module.definitions:
        for decorator in node.decorator_list:
            if _says_so(module, decorator):
                yield node.name, f"{module.name}.{node.name}", _does(module, decorator)


def _does(module: Module, decorator: ast.expr) -> Does | None:
    """None also where it can't be read: whoever reads the declaration says that it is wrong."""
    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
    for value in (each.value for each in keywords if each.arg == "does"):
        with suppress(Unreadable):
            said = Literals(module).text(value)
            return next((does for does in get_args(Does) if does == said), None)
    return None


def _says_so(module: Module, decorator: ast.expr) -> bool:
    if module.meaning(called(decorator)) != "skills.step" or not isinstance(decorator, ast.Call):
        return False
    return any(_may_be_true(module, each.value) for each in decorator.keywords if each.arg in ("irreversible", None))


def _may_be_true(module: Module, value: ast.expr) -> bool:
    try:
        return Literals(module).truth(value)
    except Unreadable:
        return True


def _questions(module: Module) -> Iterator[tuple[str, str]]:
    """What each question is about, and its text."""
    for call in _calls(module, "step_if_approved"):
        if len(call.args) > 1:  # both are positional only
            yield module.meaning(call.args[1]), _template(call.args[0])[:QUESTION]


def _template(question: ast.expr) -> str:
    """An f-string with its braces, as its author wrote it."""
    match question:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_template(part) for part in parts)
        case ast.FormattedValue(value=value):
            return f"{{{ast.unparse(value)}}}"
    return f"{{{ast.unparse(question)}}}"


def _calls(module: Module, method: str) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node
