"""What `tend doctor` looks at on this machine; a sidecar that runs adds what it knows of itself."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.words import command
from sidecar.client import Client, NotRunning, Refused, Settings, SettingsError, load_settings
from sidecar.client.views import Health

SOUND_SQLITE = (3, 51, 3)  # the first without the WAL-reset bug of two connections that write at the same instant
SECRET = ("anthropic_api_key", "database_url")  # shown as set or not, never as its value
TAKEN_OVER = {"anthropic_api_key": "ANTHROPIC_API_KEY", "base_url": "ANTHROPIC_BASE_URL"}


def examine(workspace: Path | None) -> list[Health]:
    try:
        settings = load_settings(workspace=workspace)
    except SettingsError as error:
        again = f"mend that setting, then: {command('doctor', workspace)}"
        unusable = Health(name="settings", state="error", detail=str(error), fix=again)
        return [_python(), _mypy(), _sqlite(), unusable]
    again = f"make it readable to you, then: {command('doctor', workspace)}"
    found = [
        *_sidecar(settings, command("up", workspace)),
        _python(),
        _mypy(),
        _sqlite(),
        _readable("workspace", lambda: _workspace(settings), again),
        _model(settings),
        _readable("secrets", lambda: _secrets(settings), again),
    ]
    first = {health.name: health for health in reversed(found)}  # what the sidecar says of itself comes first
    return [*reversed(first.values()), *_set(settings)]


def _sidecar(settings: Settings, up: str) -> Iterator[Health]:
    try:
        with Client(settings) as client:
            status = client.status()
            yield Health(name="sidecar", state="ok", detail=f"runs as pid {status.pid}, version {status.version}")
            yield from client.doctor()
    except NotRunning:
        yield Health(name="sidecar", state="warning", detail="not running", fix=up)
    except Refused as error:
        yield Health(name="sidecar", state="error", detail=f"answers, but: {error}", fix=f"restart {up}")
    except OSError as error:
        yield Health(name="sidecar", state="error", detail=str(error), fix=up)


def _readable(name: str, look: Callable[[], Health], else_: str) -> Health:
    try:
        return look()
    except OSError as error:
        return Health(name=name, state="error", detail=str(error), fix=else_)


def _python() -> Health:
    enough = sys.version_info >= (3, 11)
    fix = "" if enough else "install Python 3.11 or later, and Tend with it"
    return Health(name="python", state="ok" if enough else "error", detail=platform.python_version(), fix=fix)


def _mypy() -> Health:
    try:
        return Health(name="mypy", state="ok", detail=version("mypy"))
    except PackageNotFoundError:
        return Health(name="mypy", state="error", detail="not installed", fix="pip install tend-harness")


def _sqlite() -> Health:
    detail = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SOUND_SQLITE:
        detail += " (older than 3.51.3: safe here, since one process alone writes to the store; don't open it by hand)"
    return Health(name="sqlite", state="ok", detail=detail)


def _workspace(settings: Settings) -> Health:
    folder = settings.workspace
    if not folder.exists():
        return Health(name="workspace", state="ok", detail=f"{folder} is not there yet; tend up makes it")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        detail = f"{folder} can't be written to: {error.strerror}"
        return Health(name="workspace", state="error", detail=detail, fix=f"chown -R $USER {folder}")
    return Health(name="workspace", state="ok", detail=str(folder))


def _model(settings: Settings) -> Health:
    missing = settings.model_missing
    if missing is None:
        return Health(name="model", state="ok", detail=f"{settings.model_write} writes skills")
    detail = "not configured; all but the chat, run.ask and the review's revisions works without"
    return Health(name="model", state="warning", detail=detail, fix=f"set {missing}")


def _secrets(settings: Settings) -> Health:
    """How many, and whether others can read one: that one is used by nobody."""
    names = [(folder, name) for folder in settings.secrets for name in sorted(folder.names())]
    for folder, name in names:
        if problem := folder.problem(name):
            detail, _, fix = problem.partition(". Type: ")
            return Health(name="secrets", state="error", detail=detail, fix=fix)
    return Health(name="secrets", state="ok", detail=f"{len({name for _, name in names})} set on this host")


def _set(settings: Settings) -> Iterator[Health]:
    """Each setting, its value, and where the value is from."""
    in_file = _keys(settings.workspace / "tend.toml")
    for item in fields(settings):
        if item.name in ("workspace", "targets"):  # each has a line of its own
            continue
        value = getattr(settings, item.name)
        told = "set" if item.name in SECRET else str(value)
        source = _source(item.name, in_file, os.environ)
        yield Health(name=item.name, state="ok", detail="not set" if value is None else f"{told} (from {source})")


def _source(name: str, in_file: set[str], environment: Mapping[str, str]) -> str:
    variables = [f"TEND_{name.upper()}", *([TAKEN_OVER[name]] if name in TAKEN_OVER else [])]
    from_environment = [variable for variable in variables if variable in environment]
    if from_environment:
        return from_environment[0]
    if name in in_file:
        return "tend.toml"
    return "the machine" if name == "zone" else "default"


def _keys(path: Path) -> set[str]:
    return set(tomllib.loads(path.read_text())) if path.is_file() else set()
