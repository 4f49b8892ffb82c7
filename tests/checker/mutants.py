"""Good skills with random mistakes and additions: the warm check must say of each what batch mypy says.

python -m tests.checker.mutants --count 600 [--seed N]
"""

from __future__ import annotations

import argparse
import ast
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sidecar.checker.canaries import GOOD
from sidecar.checker.forks import NoAnswer
from sidecar.checker.report import Problem, Snapshot, TypeChecker
from sidecar.checker.types import BatchMypy
from sidecar.checker.warm_checks import WarmChecks, WarmMypy
from tests.checker.additions import ADDITIONS, OUTSIDE_THE_GRAPH
from tests.checker.conftest import skill, snapshot
from tests.skills.guide import blocks

Trees = dict[str, ast.Module]
Mutation = Callable[[Trees, random.Random], str]
N = TypeVar("N", bound=ast.AST)


class CannotBeDone(Exception):
    """The files have no place for this mutation."""


@dataclass(frozen=True)
class Mutant:
    snapshot: Snapshot
    changes: tuple[str, ...]

    @property
    def changes_a_helper(self) -> bool:
        return any("lib/" in change for change in self.changes)


@dataclass
class Tally:
    """How the two checkers' verdicts compare."""

    passed: int = 0
    refused: int = 0
    in_helpers: int = 0
    unanswered: list[tuple[Mutant, str]] = field(default_factory=list)
    disagreements: list[tuple[Mutant, list[Problem], list[Problem]]] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)


def mutants(seed: int, count: int) -> Iterator[Mutant]:
    """Half of them have additions only, and should pass; the others have one to three mistakes besides."""
    rng = random.Random(seed)
    for number in range(count):
        good = rng.choice(_good_skills())
        trees = {path: ast.parse(content) for path, content in good.files.items()}
        wanted = rng.choices(_ADDING, k=rng.randint(0, 3))
        if number % 2:
            wanted += rng.choices(_MISTAKES, k=rng.randint(1, 3))
        changes = tuple(_changes(wanted, trees, rng))
        files = {path: ast.unparse(ast.fix_missing_locations(tree)).encode() for path, tree in trees.items()}
        yield Mutant(Snapshot(good.entry, files), changes)


def compare(made: Iterator[Mutant], warm: WarmMypy, batch: TypeChecker) -> Tally:
    tally = Tally()

    def verdicts(mutant: Mutant) -> tuple[Mutant, list[Problem], list[Problem] | NoAnswer]:
        try:
            answer: list[Problem] | NoAnswer = warm.ask(mutant.snapshot)
        except NoAnswer as why:
            answer = why
        return mutant, batch.check(mutant.snapshot), answer

    with ThreadPoolExecutor(2) as pool:
        for mutant, expected, found in pool.map(verdicts, made):
            _count(tally, mutant, expected, found)
    return tally


def told(problems: list[Problem]) -> list[str]:
    """In an order of their own, since mypy's follows its hash seed where files do not depend on each other."""
    return sorted(problem.model_dump_json() for problem in problems)


def _count(tally: Tally, mutant: Mutant, expected: list[Problem], found: list[Problem] | NoAnswer) -> None:
    tally.kinds.update(change.split(" ")[0] for change in mutant.changes)
    tally.in_helpers += mutant.changes_a_helper
    if expected:
        tally.refused += 1
    else:
        tally.passed += 1
    if isinstance(found, NoAnswer):
        tally.unanswered.append((mutant, str(found)))
    elif told(expected) != told(found):
        tally.disagreements.append((mutant, expected, found))


def _changes(wanted: list[Mutation], trees: Trees, rng: random.Random) -> Iterator[str]:
    for mutation in wanted:
        try:
            yield f"{mutation.__name__} {mutation(trees, rng)}"
        except CannotBeDone:
            continue


def _good_skills() -> list[Snapshot]:
    helpers = {path: text for path, text in blocks().items() if path.startswith("lib/")}
    guide = [
        Snapshot(path, {name: content.encode() for name, content in {path: text, **helpers}.items()})
        for path, text in blocks().items()
        if path.startswith("skills/")
    ]
    helper = "def dearer(cents: int, by: float = 1.5) -> int:\n    return round(cents * by)\n"
    body = "    price = run.step(fetch, 'tea')\n    return Price(cents=dearer(price.cents))\n"
    return [
        *guide,
        GOOD,
        snapshot(skill(body, before="from lib.maths import dearer\n"), maths=helper),
        snapshot(skill()),
    ]


# ------------------------------------------------------------ what can be found in the files


def _pick(
    trees: Trees, rng: random.Random, kind: type[N], which: Callable[[N], bool] = lambda _: True
) -> tuple[str, N]:
    """A node of this kind in any of the files, helpers as likely as skills."""
    for path in rng.sample(sorted(trees), len(trees)):
        if found := [node for node in ast.walk(trees[path]) if isinstance(node, kind) and which(node)]:
            return path, rng.choice(found)
    raise CannotBeDone


def _at(path: str, node: ast.AST) -> str:
    return f"{path}: {ast.unparse(node)[:60]!r}"


def _other_type(rng: random.Random) -> ast.expr:
    types = [
        "int",
        "str",
        "float",
        "bool",
        "bytes",
        "None",
        "list[str]",
        "dict[str, int]",
        "list",
        "object",
        "int | None",
    ]
    return ast.parse(rng.choice(types), mode="eval").body


def _other_value(rng: random.Random) -> ast.expr:
    values = ["3", "'text'", "None", "1.5", "[]", "{}", "b''", "(1, 'a')", "lambda: 3", "int", "print"]
    return ast.parse(rng.choice(values), mode="eval").body


# ------------------------------------------------------------ mistakes


def drop_annotation(trees: Trees, rng: random.Random) -> str:
    path, argument = _pick(trees, rng, ast.arg, lambda each: each.annotation is not None)
    argument.annotation = None
    return _at(path, argument)


def drop_result(trees: Trees, rng: random.Random) -> str:
    path, function = _pick(trees, rng, ast.FunctionDef, lambda each: each.returns is not None)
    function.returns = None
    return f"{path}: {function.name}"


def change_annotation(trees: Trees, rng: random.Random) -> str:
    path, argument = _pick(trees, rng, ast.arg, lambda each: each.annotation is not None)
    argument.annotation = _other_type(rng)
    return _at(path, argument)


def change_result(trees: Trees, rng: random.Random) -> str:
    path, function = _pick(trees, rng, ast.FunctionDef)
    function.returns = _other_type(rng)
    return f"{path}: {function.name}"


def change_field(trees: Trees, rng: random.Random) -> str:
    path, assignment = _pick(trees, rng, ast.AnnAssign)
    assignment.annotation = _other_type(rng)
    return _at(path, assignment)


def wrong_argument(trees: Trees, rng: random.Random) -> str:
    path, call = _pick(trees, rng, ast.Call, lambda each: bool(each.args))
    call.args[rng.randrange(len(call.args))] = _other_value(rng)
    return _at(path, call)


def missing_argument(trees: Trees, rng: random.Random) -> str:
    path, call = _pick(trees, rng, ast.Call, lambda each: bool(each.args))
    call.args.pop()
    return _at(path, call)


def another_argument(trees: Trees, rng: random.Random) -> str:
    path, call = _pick(trees, rng, ast.Call)
    call.args.append(_other_value(rng))
    return _at(path, call)


def wrong_keyword(trees: Trees, rng: random.Random) -> str:
    path, keyword = _pick(trees, rng, ast.keyword, lambda each: each.arg is not None)
    keyword.arg = f"{keyword.arg}_"
    return f"{path}: {keyword.arg}"


def wrong_keyword_value(trees: Trees, rng: random.Random) -> str:
    path, keyword = _pick(trees, rng, ast.keyword)
    keyword.value = _other_value(rng)
    return f"{path}: {keyword.arg}"


def remove_import(trees: Trees, rng: random.Random) -> str:
    path, statement = _pick(trees, rng, ast.ImportFrom)
    gone = statement.names.pop(rng.randrange(len(statement.names)))
    statement.names = statement.names or [ast.alias("nothing_of_this_name")]
    return f"{path}: {gone.name}"


def rename_attribute(trees: Trees, rng: random.Random) -> str:
    path, attribute = _pick(trees, rng, ast.Attribute)
    attribute.attr += "s"
    return _at(path, attribute)


def rename_name(trees: Trees, rng: random.Random) -> str:
    path, name = _pick(trees, rng, ast.Name, lambda each: isinstance(each.ctx, ast.Load))
    name.id += "_"
    return f"{path}: {name.id}"


def rename_definition(trees: Trees, rng: random.Random) -> str:
    path, definition = _pick(trees, rng, ast.FunctionDef)
    definition.name += "_"
    return f"{path}: {definition.name}"


def wrong_return(trees: Trees, rng: random.Random) -> str:
    path, statement = _pick(trees, rng, ast.Return, lambda each: each.value is not None)
    statement.value = _other_value(rng)
    return _at(path, statement)


def drop_statement(trees: Trees, rng: random.Random) -> str:
    path, function = _pick(trees, rng, ast.FunctionDef)
    gone = function.body.pop(rng.randrange(len(function.body)))
    function.body = function.body or [ast.Pass()]
    return _at(path, gone)


def make_async(trees: Trees, rng: random.Random) -> str:
    path, function = _pick(trees, rng, ast.FunctionDef)
    position = trees[path].body.index(function) if function in trees[path].body else -1
    if position < 0:
        raise CannotBeDone
    parts = {name: getattr(function, name) for name in function._fields}
    trees[path].body[position] = ast.AsyncFunctionDef(**parts)
    return f"{path}: {function.name}"


def drop_decorator(trees: Trees, rng: random.Random) -> str:
    path, function = _pick(trees, rng, ast.FunctionDef, lambda each: bool(each.decorator_list))
    function.decorator_list.pop()
    return f"{path}: {function.name}"


def import_what_is_not_there(trees: Trees, rng: random.Random) -> str:
    path = rng.choice(sorted(trees))
    wanted = rng.choice(["lib.nowhere", "requests", "numpy", "skills.nothing", "xml.nothing", "yaml"])
    trees[path].body.insert(_after_head(trees[path]), ast.Import([ast.alias(wanted)]))
    return f"{path}: {wanted}"


# ------------------------------------------------------------ additions that do no harm


def other_constant(trees: Trees, rng: random.Random) -> str:
    path, constant = _pick(trees, rng, ast.Constant, lambda each: type(each.value) is int)
    constant.value = rng.randint(0, 10**6)
    return f"{path}: {constant.value}"


def import_a_module(trees: Trees, rng: random.Random) -> str:
    """Of the standard library; the zygote does not have it in its graph."""
    path, (module, use) = rng.choice(sorted(trees)), rng.choice(OUTSIDE_THE_GRAPH)
    tree = trees[path]
    tree.body.insert(_after_head(tree), ast.Import([ast.alias(module)]))
    tree.body.append(ast.parse(f"OF_{module.upper().replace('.', '_')} = {use}").body[0])
    return f"{path}: {module}"


def add_code(trees: Trees, rng: random.Random) -> str:
    path, (name, text) = rng.choice(sorted(trees)), rng.choice(sorted(ADDITIONS.items()))
    _add(trees[path], text)
    return f"{path}: {name}"


def add_helper(trees: Trees, rng: random.Random) -> str:
    """A helper in its own file, or two that import each other, used by one of the others."""
    user, (name, text) = rng.choice(sorted(trees)), rng.choice(sorted(ADDITIONS.items()))
    helper, module = f"lib/more_{name}.py", f"lib.more_{name}"
    if helper in trees:
        raise CannotBeDone
    trees[helper] = ast.parse(text)
    mutual = rng.random() < 0.3 and user.startswith("lib/")
    if mutual:
        back = ast.ImportFrom(user.removesuffix(".py").replace("/", "."), [ast.alias("__doc__", "other_doc")], 0)
        trees[helper].body.insert(_after_head(trees[helper]), back)
    trees[user].body.insert(_after_head(trees[user]), ast.Import([ast.alias(module)]))
    return f"{helper} for {user}{' and back' if mutual else ''}"


def _add(tree: ast.Module, text: str) -> None:
    """With its imports at the top, once."""
    if ast.parse(text).body[-1].__class__ in (ast.FunctionDef, ast.ClassDef):
        name = getattr(ast.parse(text).body[-1], "name", "")
        if any(getattr(node, "name", "") == name for node in tree.body):
            raise CannotBeDone
    for node in ast.parse(text).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            tree.body.insert(_after_head(tree), node)
        else:
            tree.body.append(node)


def _after_head(tree: ast.Module) -> int:
    return 1 if ast.get_docstring(tree) is not None else 0


_MISTAKES: list[Mutation] = [
    drop_annotation, drop_result, change_annotation, change_result, change_field, wrong_argument, missing_argument,
    another_argument, wrong_keyword, wrong_keyword_value, remove_import, rename_attribute, rename_name,
    rename_definition, wrong_return, drop_statement, make_async, drop_decorator, import_what_is_not_there,
]  # fmt: skip
_ADDING: list[Mutation] = [other_constant, import_a_module, add_code, add_code, add_helper]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.checker.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        batch = BatchMypy(Path(folder))
        checks = WarmChecks(Path(folder))
        checks.start()
        started = time.monotonic()
        try:
            if not checks.warm.wait_until_ready(60):
                print("the zygote is not ready after 60 s")
                return 2
            tally = compare(mutants(given.seed, given.count), checks.types, batch)
        finally:
            checks.close()
    _report(tally, time.monotonic() - started)
    return 1 if tally.disagreements else 0


def _report(tally: Tally, seconds: float) -> None:
    print(
        f"{tally.passed} passed, {tally.refused} refused, {tally.in_helpers} in helpers, in {seconds:.0f} s: "
        f"{len(tally.disagreements)} disagreements, {len(tally.unanswered)} without an answer"
    )
    print(", ".join(f"{kind} {count}" for kind, count in tally.kinds.most_common()))
    for mutant, why in tally.unanswered:
        print(f"\nno answer ({why}): {mutant.changes}")
    for mutant, expected, found in tally.disagreements:
        print(f"\n{mutant.changes}")
        print("  batch only:", *sorted(set(told(expected)) - set(told(found))), sep="\n    ")
        print("  warm only:", *sorted(set(told(found)) - set(told(expected))), sep="\n    ")


if __name__ == "__main__":
    sys.exit(main())
