"""The body rule: code outside a step runs again on each attempt, so it must do the same each time.

Outside a step are: the skill, its on_failure handler, each file's top level, and every function and class that these
mention, here and in lib. Steps are not entered; what their signatures mention is, since the body gets such values.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import get_args

from sidecar.checker.import_rule import import_problems
from sidecar.checker.module import Definition, Module, local_names
from sidecar.checker.module_level import module_level_problems
from sidecar.checker.refused import EVERYWHERE, OUTSIDE_STEPS, lookup
from sidecar.checker.report import Problem
from sidecar.checker.silencing import silencing_problems
from sidecar.checker.swallowing import swallowing_problems

_TOP_LEVEL = (ast.Import, ast.ImportFrom, *get_args(Definition))


def body_problems(modules: Mapping[str, Module]) -> list[Problem]:
    """All that the snapshot's files do where they must not. `modules` are by path."""
    helpers = {module.name for module in modules.values() if module.path.startswith("lib/")}
    problems: list[Problem] = []
    for module in modules.values():
        problems += import_problems(module, helpers)
        problems += silencing_problems(module)
        problems += module_level_problems(module)
        problems += _refused_names(module, module.tree, EVERYWHERE, "")
    problems += _Outside(modules).problems()
    return sorted(set(problems), key=lambda problem: (problem.file, problem.line, problem.column))


class _Outside:
    """Walks everything that may be executed outside a step, once."""

    def __init__(self, modules: Mapping[str, Module]) -> None:
        self._modules = {module.name: module for module in modules.values()}
        self._definitions = {
            f"{module.name}.{node.name}": (module, node) for module in modules.values() for node in module.definitions
        }
        self._seen: set[str] = set()
        self._waiting: list[tuple[Module, ast.AST]] = []

    def problems(self) -> Iterator[Problem]:
        for module in self._modules.values():
            for node in module.tree.body:
                if _is_entry(module, node) or not isinstance(node, _TOP_LEVEL):
                    self._waiting.append((module, node))
                elif isinstance(node, Definition):
                    # Decorators and defaults are evaluated when the module is imported.
                    self._waiting += [(module, each) for each in _evaluated_at_import(node)]
        while self._waiting:
            yield from self._look_at(*self._waiting.pop())

    def _look_at(self, module: Module, node: ast.AST) -> Iterator[Problem]:
        yield from _refused_names(module, node, OUTSIDE_STEPS, " outside a step")
        yield from swallowing_problems(module, node)
        yield from _unheard_answers(module, node)
        for name, _ in _mentioned(module, node):
            self._follow(name)

    def _follow(self, name: str) -> None:
        found = self._find(name)
        if found in self._seen or found not in self._definitions:
            return
        self._seen.add(found)
        module, node = self._definitions[found]
        if isinstance(node, ast.FunctionDef) and module.is_step(node):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            annotations = [node.returns, *(argument.annotation for argument in arguments)]
            self._waiting += [(module, each) for each in annotations if each]
        else:
            self._waiting.append((module, node))

    def _find(self, name: str) -> str:
        """The definition that a dotted name means: `lib.prices.Price.parse` is in `lib.prices.Price`; `lib.rise` may be
        what lib/__init__.py imported from `lib.prices`."""
        for _ in range(20):  # a chain of re-exports; longer ones are a circle
            while name and name not in self._definitions and not self._re_exported(name):
                name = name.rpartition(".")[0]
            if not name or name in self._definitions:
                return name
            name = self._re_exported(name)
        return ""

    def _re_exported(self, name: str) -> str:
        package, _, last = name.rpartition(".")
        module = self._modules.get(package)
        meaning = module.names.get(last, "") if module else ""
        return meaning if meaning != name else ""


def _unheard_answers(module: Module, node: ast.AST) -> Iterator[Problem]:
    """`run.step_if_approved(...)` as a statement: whatever the person says, the code goes on as if it were done."""
    for each in ast.walk(node):
        call = each.value if isinstance(each, ast.Expr) else None
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "step_if_approved":
            fix = "Write done = run.step_if_approved(...), and say what follows if done is None."
            yield module.problem("body", each, "nobody looks at whether it was approved and done", fix)


def _refused_names(module: Module, node: ast.AST, table: Mapping[str, str], where: str) -> Iterator[Problem]:
    for name, place in _mentioned(module, node):
        if fix := lookup(table, name):
            yield module.problem("body", place, f"{ast.unparse(place)} is not possible{where}", fix)


def _mentioned(module: Module, node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Each name or chain of attributes below the node, as long as it goes, with what it stands for."""
    local = frozenset[str]()
    waiting: list[tuple[ast.AST, frozenset[str]]] = [(node, local)]
    while waiting:
        current, local = waiting.pop()
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            local |= local_names(current)
        if isinstance(current, ast.Attribute | ast.Name) and isinstance(current.ctx, ast.Load):
            meaning = module.meaning(current, local)
            if meaning:
                yield meaning, current
                continue
        waiting += [(child, local) for child in ast.iter_child_nodes(current)]


def _is_entry(module: Module, node: ast.stmt) -> bool:
    """The skill, or its on_failure handler."""
    if not isinstance(node, Definition) or not module.path.startswith("skills/"):
        return False
    decorators = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    meanings = [module.meaning(decorator) for decorator in decorators]
    return any(meaning == "skills.skill" or meaning.endswith(".on_failure") for meaning in meanings)


def _evaluated_at_import(node: Definition) -> list[ast.AST]:
    if isinstance(node, ast.ClassDef):
        fields = [each for each in node.body if not isinstance(each, Definition)]
        return [*node.decorator_list, *node.bases, *node.keywords, *fields]
    defaults = [each for each in node.args.kw_defaults if each]
    return [*node.decorator_list, *node.args.defaults, *defaults]
