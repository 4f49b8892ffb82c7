"""What to write instead, for the type errors that authors of skills make most often. mypy says what is wrong."""

from __future__ import annotations

import ast
import re
import threading
from dataclasses import dataclass
from pathlib import Path

# The first pattern that is found in "code: message" gives the fix.
_ADVICE = [
    (r'"(step|map)" of "Run".*"Irreversible', "Write done = run.step_if_approved(question, step, ...)."),
    (r'"Irreversible\[.*not callable', "Write done = run.step_if_approved(question, {called}, ...)."),
    (r'"map" of "Run"', "Write run.map(step, items): a step of one argument, and a list of such arguments."),
    (r'"Step\[.*not callable', "Call a step through the run: run.step({called}, ...)."),
    (r'Argument 1 to "step" of "Run"', "Give run.step a function that is decorated with @step, then its arguments."),
    (r'Argument \d+ to "step" of "Run"', "Pass what the step's parameters are declared to take."),
    (r'argument .* for "ask" of "Run"', "Write returns=Type, the type that the model's answer is to have."),
    (r'"approve" of "Run"', 'Write run.approve(question), or with both expires_in=timedelta(...) and on_expiry="no".'),
    (r'"datetime" not callable', "run.now is no function; leave the parentheses out."),
    (r'expected "timedelta', "Write timedelta(seconds=...), timedelta(minutes=...) or the like."),
    (r'Argument "on" to "skill".*list', "Join triggers with |: on=cron(...) | every(...)."),
    (r'Argument "on" to "skill"', 'Write on=cron("0 9 * * *"), every(...), at(...) or event("name", Type).'),
    (r'Argument 1 to "skill"', "Write @skill(), with parentheses."),
    (r'"__call__" of "ScheduledSkill"', "A skill with a schedule takes the run alone: def name(run: Run) -> Type."),
    (r'"__call__" of "EventSkill"', "Take what the triggers give: def name(run: Run, payload: Type) -> Type."),
    (r'"__call__" of "LookedUpDecorator"', "Take what its look-up takes, and return what that returns, without None."),
    (r'"on_failure" of "Skill"', "Write def name(run: Run, failure: Failure) -> None."),
    (r'variable "JsonResult".*Coroutine', "Write def, without async."),
    (r'variable "JsonResult"', "Return what JSON can hold: a pydantic model, str, int, float, bool, list, dict, None."),
    (r'"log" of "Run"', "Log a text with JSON values: run.log('what happened', name=value)."),
    (r'"get" of "State"', "Write run.state.get(name, Type), or run.state.get(name, Type, default)."),
    (r'^attr-defined: "Run" has no', "Run has: {run}."),
    (r"^comparison-overlap.*Approval", "An approval is a yes or no by itself: if run.approve(...): ..."),
    (r"^no-any-return", "Parse it: Model.model_validate_json(reply.content), or int(...), str(...) and the like."),
    (r"^no-untyped-def", "Annotate each parameter and the result: def name(run: Run, order: Order) -> Receipt."),
    (r"^no-untyped-call", "Annotate the called function's parameters and result."),
    (r"^type-arg", "Say what it holds: list[str], dict[str, int]."),
    (r"^(operator|index|union-attr).*None", "Handle the None first: if value is None: ..."),
    (r'^(arg-type|assignment|return-value).*(got|type) "[^"]*\| None"', "Handle the None first: if value is None: ..."),
    (r"^var-annotated", "Annotate it: name: list[str] = []."),
    (r"^(empty-body|return): ", "Return a value on every path, or declare -> None."),
    (r"^return-value: No return", "Declare what is returned: -> Type."),
    (r'^attr-defined: Module "skills"', "The author API is: {api}."),
    (r"^name-defined", "Define or import it, or correct its spelling."),
    (r"^import-untyped|^import-not-found", "Import only the standard library, pydantic, skills and lib."),
    (r"^unused-ignore", "Delete the type: ignore comment."),
]  # fmt: skip
_RULES = [(re.compile(pattern), fix) for pattern, fix in _ADVICE]

_CALL = re.compile(r"(\w+)\(")

# A value that may be None because it was asked for without a default.
_WITHOUT_DEFAULT = re.compile(r"""\.state\.get\(\s*(["'][^"']*["'])\s*,\s*(\w+(?:\[[^()]*\])?)\s*\)""")
_DEFAULTS = {"int": "0", "float": "0.0", "str": '""', "bool": "False", "list": "[]", "dict": "{}"}

_ONE_AT_A_TIME = threading.Lock()  # Python 3.11 mixes up the depths of two threads' trees (python/cpython#106905)


@dataclass(frozen=True)
class AuthorApi:
    """What an author can use, for messages."""

    names: str  # of `from skills import …`
    run: str  # of `run.…`

    @classmethod
    def read(cls, package: Path) -> AuthorApi:
        with _ONE_AT_A_TIME:
            return cls(_exported(package / "__init__.py"), _public_methods(package / "run.py", "Run"))


def advice(code: str, message: str, *, source: str, column: int, api: AuthorApi) -> str:
    """The fix for one of mypy's messages, or "". `source` is the line, `column` (from 1) where the error begins."""
    if "None" in message and (asked := _WITHOUT_DEFAULT.search(source)):
        name, form = asked.groups()
        return f"Give a default: run.state.get({name}, {form}, {_DEFAULTS.get(form.partition('[')[0], 'default')})."
    for pattern, fix in _RULES:
        if found := pattern.search(f"{code}: {message}"):
            called = _CALL.match(source, column - 1)
            return fix.format(*found.groups(), called=called[1] if called else "the_step", api=api.names, run=api.run)
    return ""


def _exported(file: Path) -> str:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ", ".join(ast.literal_eval(node.value))
    return ""


def _attributes(node: ast.ClassDef) -> list[str]:
    """What `__init__` puts on `self` for good; an annotation says that it will change, which is the engine's affair."""
    made = [each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"]
    targets = [target for each in made for line in each.body if isinstance(line, ast.Assign) for target in line.targets]
    return [target.attr for target in targets if isinstance(target, ast.Attribute)]


def _public_methods(file: Path, name: str) -> str:
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            methods = [each.name for each in node.body if isinstance(each, ast.FunctionDef)]
            names = dict.fromkeys([*methods, *_attributes(node)])  # an overloaded method once
            return ", ".join(name for name in names if not name.startswith("_"))
    return ""
