"""Reads what a skill declares from its syntax tree, by `ast` alone."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, get_args

from sidecar.checker.literals import Literals, Unreadable
from sidecar.checker.manifest import PRIORITY_AT_MOST, Does, Expectation, Irreversible, Manifest, StepDeclaration
from sidecar.checker.module import Definition, Module, called
from sidecar.checker.outreach import irreversible_steps, model_calls
from sidecar.checker.policy import command_problem, host_fix, host_problem, read_problem, secret_problem, write_problem
from sidecar.checker.read_input import InputReader
from sidecar.checker.read_triggers import TriggerReader
from sidecar.checker.report import Problem

DOLLARS_AT_MOST = 1_000_000  # in one run

Read = Callable[[ast.expr], Any]


def read_manifest(
    module: Module, helpers: Iterator[Module] | tuple[Module, ...] = ()
) -> tuple[Manifest | None, list[Problem]]:
    """The skill's manifest, and all that is wrong with its declarations. No manifest where there are problems."""
    modules = (module, *helpers)
    reader = ManifestReader(module, InputReader(modules))
    manifest = reader.read(model_calls=model_calls(modules), irreversible=irreversible_steps(modules))
    return (None if reader.problems else manifest), reader.problems


@dataclass
class ManifestReader:
    module: Module
    inputs: InputReader
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._literals = Literals(self.module)
        self._triggers = TriggerReader(self.module, self._literals)

    def read(self, *, model_calls: int, irreversible: tuple[Irreversible, ...]) -> Manifest | None:
        purpose = self._purpose()
        steps = tuple(self._steps())
        found = self._skill()
        if found is None:
            return None
        function, decorator = found
        declared = self._keywords(decorator, self._skill_keywords)
        return (
            None
            if self.problems
            else Manifest(
                name=function.name,
                purpose=purpose,
                takes_input=self._takes_input(function),
                input_schema=self.inputs.read(function),
                steps=steps,
                has_on_failure=self._has_on_failure(function),
                uses_model=model_calls > 0,
                model_calls=model_calls,
                irreversible=irreversible,
                **declared,
            )
        )

    def _problem(self, node: ast.AST | int, reason: str, fix: str) -> None:
        self.problems.append(self.module.problem("manifest", node, reason, fix))

    # ------------------------------------------------------------ what there is

    def _purpose(self) -> str:
        purpose = ast.get_docstring(self.module.tree) or ""
        if not purpose.strip():
            self._problem(1, "the file does not say what it is for", 'Begin it with a docstring: """What this does."""')
        return purpose.strip()

    def _skill(self) -> tuple[ast.FunctionDef, ast.Call] | None:
        found = list(self._decorated("skills.skill"))
        stem = self.module.name
        if not found:
            self._problem(1, "the file has no @skill function", f"Write @skill(...) above def {stem}(run: Run).")
            return None
        for node, _ in found[1:]:
            self._problem(node, "a file has exactly one @skill function", "Move this one to a file of its own.")
        node, decorator = found[0]
        if node.name != stem:
            self._problem(
                node,
                f"the skill is called {node.name!r}, its file {stem!r}",
                f"Write def {stem}(run: Run), or rename the file.",
            )
        if not isinstance(node, ast.FunctionDef):
            self._problem(node, "a skill is a plain function", f"Write def {stem}(run: Run), without async or class.")
            return None
        if not isinstance(decorator, ast.Call):
            self._problem(node, "@skill is written without parentheses", "Write @skill(), or @skill(on=...).")
            return None
        return node, decorator

    def _takes_input(self, function: ast.FunctionDef) -> bool:
        arguments = function.args
        count = len(arguments.posonlyargs) + len(arguments.args)
        if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or count not in (1, 2):
            fix = f"Write def {function.name}(run: Run), or with one payload: (run: Run, order: Order)."
            self._problem(function, "a skill takes the run and at most one payload", fix)
        return count == 2

    def _has_on_failure(self, skill: ast.FunctionDef) -> bool:
        handlers = [
            node
            for node in self.module.definitions
            for decorator in node.decorator_list
            if self.module.meaning(decorator) == f"{self.module.name}.{skill.name}.on_failure"
        ]
        for node in handlers[1:]:
            self._problem(node, "a skill has at most one on_failure handler", "Merge it with the first.")
        return bool(handlers)

    def _steps(self) -> Iterator[StepDeclaration]:
        for node, decorator in self._decorated("skills.step"):
            if not isinstance(node, ast.FunctionDef):
                self._problem(
                    node, "a step is a plain function", f"Write def {node.name}(...), without async or class."
                )
                continue
            call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
            declared = self._keywords(call, self._step_keywords)
            if declared.get("irreversible"):
                self._check_expiry(node, call)
            elif declared.get("does"):
                fix = "Write @step(irreversible=True, does=...), or leave does= out."
                self._problem(node, "does= belongs to an irreversible step", fix)
            if "lookup" in declared:
                self._check_lookup(node, declared)
            shown = {name: value for name, value in declared.items() if name not in {"backoff", "give_up_on", "lookup"}}
            yield StepDeclaration(name=node.name, line=node.lineno, **shown)

    def _check_expiry(self, node: ast.FunctionDef, call: ast.Call) -> None:
        """Its author says for how long a person is asked, and what silence comes to: nobody else can."""
        said = {keyword.arg for keyword in call.keywords if ast.unparse(keyword.value) != "None"}
        if not {"answer_within", "on_expiry"} <= said:
            fix = 'Write @step(irreversible=True, answer_within=timedelta(hours=1), on_expiry="no"), or "fail".'
            self._problem(node, "it does not say what happens where nobody answers", fix)

    def _check_lookup(self, node: ast.FunctionDef, declared: Mapping[str, Any]) -> None:
        if not declared.get("irreversible"):
            fix = "Write @step(irreversible=True, lookup=...), or leave lookup= out."
            self._problem(node, "lookup= belongs to an irreversible step", fix)
        elif isinstance(node.returns, ast.Constant) and node.returns.value is None:
            fix = "Return something that tells it was done, such as the receipt, and the same from its look-up."
            self._problem(node, "it returns None, and from its look-up None says that it was not done", fix)

    def _decorated(self, decorator_name: str) -> Iterator[tuple[Definition, ast.expr]]:
        for node in self.module.definitions:
            for decorator in node.decorator_list:
                if self.module.meaning(called(decorator)) == decorator_name:
                    yield node, decorator

    # ------------------------------------------------------------ keywords and their values

    @property
    def _skill_keywords(self) -> Mapping[str, tuple[str, Read]]:
        """For each keyword of `@skill` the manifest's field, and how its value is read."""
        return {
            "on": ("triggers", self._triggers.read),
            "catch_up": ("catch_up", self._one_of("latest", "skip", "all")),
            "concurrency": ("concurrency", self._at_least(1)),
            "overlap": ("overlap", self._one_of("queue", "skip", "cancel_older")),
            "priority": ("priority", self._priority),
            "deadline": ("deadline", _or_none(self._seconds)),
            "budget": ("budget", _or_none(self._dollars)),
            "hosts": ("hosts", self._each(host_problem, host_fix)),
            "secrets": (
                "secrets",
                self._each(secret_problem, lambda _: 'Write capital letters: secrets=["API_TOKEN"].'),
            ),
            "reads": (
                "reads",
                self._each(read_problem, lambda _: 'Write a path or glob in the workspace: "data/*.csv".'),
            ),
            "commands": (
                "commands",
                self._each(command_problem, lambda _: 'Write the name alone, and the arguments at the call: ["jq"].'),
            ),
            "writes": ("writes", self._each(write_problem, lambda _: 'Write to a folder of the skill: "reports/**".')),
            "expect": ("expect", self._expect),
        }

    @property
    def _step_keywords(self) -> Mapping[str, tuple[str, Read]]:
        return {
            "attempts": ("attempts", self._at_least(1)),
            "timeout": ("timeout", _or_none(self._seconds)),
            "backoff": ("backoff", self._seconds),
            "give_up_on": ("give_up_on", lambda node: node),  # classes: for mypy to judge
            "irreversible": ("irreversible", self._literals.truth),
            "does": ("does", _or_none(self._one_of(*get_args(Does)))),
            "lookup": ("lookup", lambda node: node),  # a step: for mypy to judge
            "answer_within": ("answer_within", _or_none(self._seconds)),
            "on_expiry": ("on_expiry", self._one_of("no", "fail")),
        }

    @property
    def _expect_keywords(self) -> Mapping[str, tuple[str, Read]]:
        return {
            "within": ("within", _or_none(self._seconds)),
            "messages_at_most": ("messages_at_most", _or_none(self._at_least(0))),
            "silence_at_most": ("silence_at_most", _or_none(self._seconds)),
            "same_output_at_most": ("same_output_at_most", _or_none(self._at_least(1))),
        }

    def _keywords(self, call: ast.Call, known: Mapping[str, tuple[str, Read]]) -> dict[str, Any]:
        """The values of a call's keywords. Each one that cannot be read becomes a problem and is left out."""
        name = ast.unparse(call.func)
        values: dict[str, Any] = {}
        for argument in call.args:
            self._problem(argument, f"{name} takes keywords only", f"Write {name}({next(iter(known))}=...).")
        for keyword in call.keywords:
            if keyword.arg is None or keyword.arg not in known:
                reason = f"{name} has no {keyword.arg}=" if keyword.arg else f"{name} takes its arguments from a **dict"
                self._problem(keyword, reason, f"It knows {', '.join(known)}.")
                continue
            target, read = known[keyword.arg]
            try:
                values[target] = read(keyword.value)
            except Unreadable as error:
                self._problem(error.node, f"{keyword.arg}: {error.reason}", error.fix)
        return values

    def _expect(self, node: ast.expr) -> Expectation:
        call = self._literals.call(node, "skills.Expect")
        if call is None:
            raise Unreadable(node, "this is no Expect(...)", "Write expect=Expect(within=timedelta(minutes=5)).")
        return Expectation(**self._keywords(call, self._expect_keywords))

    def _seconds(self, node: ast.expr) -> float:
        duration = self._literals.duration(node)
        if duration <= timedelta(0):
            raise Unreadable(node, f"{duration} is no time to wait", "Use a duration longer than zero.")
        return duration.total_seconds()

    def _dollars(self, node: ast.expr) -> float:
        amount = self._literals.number(node)
        if not 0 < amount <= DOLLARS_AT_MOST:
            raise Unreadable(node, f"{amount:g} is no sum to spend", "Write US dollars as a number: budget=0.50.")
        return amount

    def _at_least(self, least: int) -> Read:
        def read(node: ast.expr) -> int:
            number = self._literals.whole_number(node)
            if number < least:
                raise Unreadable(node, f"{number} is less than {least}", f"Write {least} or more.")
            return number

        return read

    def _one_of(self, *policies: str) -> Read:
        def read(node: ast.expr) -> str:
            value = self._literals.text(node)
            if value not in policies:
                *most, last = (f'"{policy}"' for policy in policies)
                raise Unreadable(node, f"{value!r} is no policy", f"Write {', '.join(most)} or {last}.")
            return value

        return read

    def _priority(self, node: ast.expr) -> int:
        value = self._literals.integer(node)
        if abs(value) > PRIORITY_AT_MOST:
            fix = f"Write a whole number from -{PRIORITY_AT_MOST} to {PRIORITY_AT_MOST}."
            raise Unreadable(node, f"{value} is out of range", fix)
        return value

    def _each(self, problem_of: Callable[[str], str], fix: Callable[[str], str]) -> Read:
        def read(node: ast.expr) -> tuple[str, ...]:
            texts = self._literals.texts(node)
            for place, text in texts:
                if problem := problem_of(text):
                    raise Unreadable(place, problem, fix(text))
            return tuple(text for _, text in texts)

        return read


def _or_none(read: Read) -> Read:
    return lambda node: None if isinstance(node, ast.Constant) and node.value is None else read(node)
