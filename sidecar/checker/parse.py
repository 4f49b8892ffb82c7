"""Text to syntax trees. The text may be hostile: this runs only in the checker's throwaway process."""

from __future__ import annotations

import ast
import warnings

from sidecar.checker.gather import with_plain_newlines
from sidecar.checker.module import Module, line_of
from sidecar.checker.report import Problem, Snapshot


def parse(snapshot: Snapshot) -> tuple[dict[str, Module], list[Problem]]:
    """The snapshot's modules by path, and a problem for each file that is no Python."""
    modules: dict[str, Module] = {}
    problems: list[Problem] = []
    for path, content in sorted(snapshot.files.items()):
        parsed = _parse_file(path, content)
        if isinstance(parsed, Module):
            modules[path] = parsed
        else:
            problems.append(parsed)
    return modules, problems


def _parse_file(path: str, content: bytes) -> Module | Problem:
    try:
        # Python reads a byte order mark as part of the encoding, and all ends of line as \n.
        text = with_plain_newlines(content.decode("utf-8-sig"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape in a string is no reason to refuse a skill
            tree = ast.parse(text, path)
            compile(tree, path, "exec", dont_inherit=True)  # finds `return` outside a function and its like
    except UnicodeDecodeError:
        return _problem(path, "", 0, 0, "the file is not UTF-8", "Save the file as UTF-8.")
    except SyntaxError as error:
        return _problem(path, text, error.lineno or 1, error.offset or 0, f"syntax error: {error.msg}")
    except ValueError as error:
        return _problem(path, text, 0, 0, f"it cannot be read as Python: {error}")
    except (RecursionError, MemoryError):
        return _problem(path, text, 0, 0, "an expression is nested too deeply", "Split it into several statements.")
    return Module(path, text, tree)


def _problem(path: str, text: str, line: int, column: int, reason: str, fix: str = "") -> Problem:
    return Problem(
        stage="parse",
        file=path,
        line=line,
        column=column,
        reason=reason,
        fix=fix or "Correct the syntax; nothing else was checked yet.",
        source=line_of(text, line),
    )
