"""The stages that read a skill's text: parse, then manifest and body rule, whose problems are reported together."""

from __future__ import annotations

from dataclasses import dataclass

from sidecar.checker.body_rule import body_problems
from sidecar.checker.command_rule import command_problems
from sidecar.checker.event_rule import event_problems
from sidecar.checker.manifest import Manifest
from sidecar.checker.parse import parse
from sidecar.checker.read_manifest import read_manifest
from sidecar.checker.report import Problem, Snapshot
from sidecar.checker.secret_rule import secret_problems

# For sys.setrecursionlimit. The stages walk trees by recursion, and a long sum is a deep tree; Python frames need no
# C stack.
DEEPEST = 20_000


@dataclass(frozen=True)
class Reading:
    manifest: Manifest | None
    problems: tuple[Problem, ...]


def read_source(snapshot: Snapshot) -> Reading:
    """Hostile text can make this slow, large, or crash: call it in a process that may be lost."""
    modules, problems = parse(snapshot)
    if problems:
        return Reading(None, tuple(problems))
    helpers = tuple(module for path, module in modules.items() if path != snapshot.entry)
    manifest, problems = read_manifest(modules[snapshot.entry], helpers)
    if manifest is not None:
        every = (modules[snapshot.entry], *helpers)
        problems += [*secret_problems(every, manifest.secrets), *command_problems(every, manifest.commands)]
    return Reading(manifest, (*problems, *event_problems(tuple(modules.values())), *body_problems(modules)))
