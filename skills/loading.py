"""Loads a skill from the pinned texts of its version, never from the disk."""

from __future__ import annotations

import importlib
import linecache
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from skills.definition import Skill
from skills.errors import Misdeclared
from skills.wire import Code


def load(code: Code) -> Skill[..., Any]:
    """Execute the skill's module and return its `Skill`. What the module raises comes through as it is.

    `skills/NAME.py` becomes the module NAME, `lib/x.py` the module `lib.x`. Loading another version in the same
    process replaces what was loaded before. Raises `Misdeclared` if there is no such skill in the module.
    """
    if code.import_from is not None:
        return _skill_in(importlib.import_module(code.import_from), code.function)
    _forget_pinned()
    sys.meta_path.insert(0, PinnedFinder(code.files))
    return _skill_in(importlib.import_module(module_name(code.entry)), code.function)


def read_code(path: Path) -> Code:
    """The code of the skill at WORKSPACE/skills/NAME.py, with all helpers in WORKSPACE/lib, as it is on the disk."""
    workspace = path.absolute().parent.parent
    entry = f"skills/{path.name}"
    helpers = [file.relative_to(workspace).as_posix() for file in sorted((workspace / "lib").rglob("*.py"))]
    return Code(
        entry=entry,
        function=path.stem,
        files={name: (workspace / name).read_text("utf-8-sig") for name in [entry, *filter(_can_be_imported, helpers)]},
    )


def _can_be_imported(path: str) -> bool:
    try:
        module_name(path)
    except Misdeclared:
        return False
    return True


def module_name(path: str) -> str:
    """The name under which the file at `path` in the workspace is imported: `lib.x` for lib/x.py."""
    parts = PurePosixPath(path).with_suffix("").parts
    if parts[0] == "skills":  # `skills` itself always means this package
        parts = parts[1:]
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    if not parts or not all(part.isidentifier() for part in parts):
        raise Misdeclared(f"{path!r} cannot be imported; a file is called like a Python name: skills/my_skill.py")
    return ".".join(parts)


class PinnedFinder(MetaPathFinder):
    """Finds modules among the texts. Folders are packages, with or without an `__init__.py`."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._paths = {module_name(path): path for path in files if path.endswith(".py")}
        self._files = files
        self.found: set[str] = set()  # modules
        for name in self._paths:
            _refuse_taken(name.partition(".")[0])

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 - the import system's interface
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        found = self._paths.get(fullname)
        is_package = any(name.startswith(f"{fullname}.") for name in self._paths)
        if found is None and not is_package:
            return None
        self.found.add(fullname)
        loader = PinnedLoader(found or fullname.replace(".", "/"), self._files[found] if found else "")
        return spec_from_loader(
            fullname, loader, origin=found, is_package=is_package or (found or "").endswith("/__init__.py")
        )


class PinnedLoader(Loader):
    """Executes one text, and lets tracebacks show its lines."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._text = text

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._path
        linecache.cache[self._path] = (
            len(self._text),
            None,
            self._text.splitlines(keepends=True),
            self._path,
        )
        exec(compile(self._text, self._path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102


def _forget_pinned() -> None:
    """Not by a look at every module: in a process that was forked that copies the memory of all of them."""
    for finder in [each for each in sys.meta_path if isinstance(each, PinnedFinder)]:
        sys.meta_path.remove(finder)
        for name in finder.found:
            sys.modules.pop(name, None)


def _refuse_taken(name: str) -> None:
    """A skill called `json` would stand in the way of everybody who imports json."""
    if name in sys.stdlib_module_names or name in sys.modules:
        raise Misdeclared(
            f"the name {name!r} is taken by a module that is in use; rename the skill's file and function"
        )


def _skill_in(module: ModuleType, function: str) -> Skill[..., Any]:
    skill = getattr(module, function, None)
    if not isinstance(skill, Skill):
        raise Misdeclared(
            f"{module.__name__}.{function} is {type(skill).__name__}, expected a function decorated with @skill"
        )
    return skill
