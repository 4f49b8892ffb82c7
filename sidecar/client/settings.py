"""What can be set, and where from: flag > environment (`TEND_…`) > `tend.toml` > default."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from math import inf
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sidecar.checker.cron import NotACron, read_cron
from sidecar.client.approval_settings import Need, parse_approvers, parse_needs
from sidecar.isolation.tiers import TIERS, Tier
from sidecar.notices.targets import Target, parse_targets
from sidecar.secret_folder import SecretFolder


class SettingsError(Exception):
    """A setting that can't be used; the message names it, where it came from and what is wanted."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. `tend.toml` stands in the workspace; its keys are these names."""

    workspace: Path
    database_url: str | None = field(default=None, repr=False)  # postgresql://…, for many hosts; None: a file
    host_name: str = field(default_factory=socket.gethostname)  # among the hosts that share a database
    zone: str = "UTC"  # IANA name; schedules without a zone of their own, the review, "today"
    anthropic_api_key: str | None = field(default=None, repr=False)
    base_url: str | None = None  # any server that speaks the Messages protocol; None is Anthropic's own
    model_write: str = "claude-opus-5-5"  # talks with people and writes skills
    model_review: str = "claude-sonnet-5-5"  # reads the week's evidence
    model_ask: str = "claude-haiku-5-5"  # answers run.ask
    fallback_price: float = 20.0  # USD per million tokens, for a model whose price is unknown
    approvals: Mapping[str, Need] = field(default_factory=dict)  # what needs a person's yes, other than by default
    approvers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # whose, by skill
    review: Literal["propose", "auto"] = "propose"  # a revision by the review waits for a person, or goes live
    review_cron: str = "0 10 * * 5"
    workers: int = 8  # attempts that run at the same time
    breaker_failures: int = 5  # in a row, after which a skill is quarantined
    breaker_cool_down: float = 3600.0  # seconds until a trial is let through, and again after each that fails
    budget_run_usd: float = 10.0  # what a run may spend on model calls, with the runs below it
    budget_skill_day_usd: float = 20.0  # all runs of a skill in a day of the zone; the agent is one
    budget_day_usd: float = 40.0  # everything together
    budget_month_usd: float = 300.0
    budget_run_model_calls: int = 200  # counts, so that what is cheap does not run away either
    budget_run_http_calls: int = 10_000
    budget_run_notices: int = 100
    budget_skill_day_model_calls: int = 2_000
    budget_skill_day_http_calls: int = 100_000
    budget_skill_day_notices: int = 2_000
    budget_wait: float = 86400.0  # seconds that a run waits at a cap until a person raises it; then it fails
    keep_runs_days: int = 90  # finished runs are forgotten after that
    least_tier: Tier = "limited"  # of isolation; where a machine reaches less, skills do not run
    targets: Mapping[str, Target] = field(default_factory=dict)  # where notices go beside the terminal and the pages
    alerts: tuple[str, ...] = ()  # the targets that hear of failures, silence and the like
    web_port: int = 8360  # of the pages; 0: none are served
    web_host: str = "127.0.0.1"  # the address that they are served on; what others reach takes TLS and a password
    web_name: str | None = None  # what other machines call this one
    web_cert: str | None = None  # PEM files: the certificate with its chain, and its key
    web_key: str | None = None
    agent: str = "harness.agent.entry"  # the module whose skill answers a chat message

    @property
    def store(self) -> Path:
        """The folder of the database, locks and caches: not the agent's."""
        return self.workspace / ".tend"

    @property
    def secrets(self) -> tuple[SecretFolder, ...]:
        """Where this host's secrets are: those of `tend secret set`, then those that systemd hands to the service."""
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        own = SecretFolder(self.store / "secrets")
        return (own, SecretFolder(Path(credentials), private=False)) if credentials else (own,)

    @property
    def database(self) -> Path | str:
        """Where the store's rows are: SQLite's file, or a server's address."""
        return self.database_url or self.store / "tend.db"

    @property
    def socket(self) -> Path:
        """The Unix socket of a sidecar that starts here and now; that of one that runs is in `.tend/socket`. Outside
        the workspace, since a socket's path may have 107 bytes at most."""
        name = hashlib.sha256(str(self.workspace.resolve()).encode()).hexdigest()[:16]
        runtime = os.environ.get("XDG_RUNTIME_DIR")
        lasting = runtime and Path(runtime).is_dir()  # systemd removes it after the last logout
        folder = Path(runtime) / "tend" if runtime and lasting else Path(tempfile.gettempdir()) / f"tend-{os.getuid()}"
        return folder / f"{name}.sock"

    @property
    def model_missing(self) -> str | None:
        """Which setting is missing before a model can be called; None when nothing is."""
        if self.anthropic_api_key or self.base_url:
            return None
        return "TEND_ANTHROPIC_API_KEY (or ANTHROPIC_API_KEY), or TEND_BASE_URL for another Messages server"


def load_settings(
    *, workspace: Path | None = None, environment: Mapping[str, str] = os.environ, **flags: Any
) -> Settings:
    """Read the settings. Raises SettingsError on an unknown name or a value of the wrong kind."""
    folder = workspace or _path(environment.get("TEND_WORKSPACE")) or _default_workspace(environment)
    values: dict[str, Any] = {}
    for source, given in (
        ("tend.toml", _from_file(folder / "tend.toml")),
        ("environment", _from_environment(environment)),
        ("flag", {name: value for name, value in flags.items() if value is not None}),
    ):
        values |= {name: _parse(name, value, source) for name, value in given.items()}
    values.setdefault("zone", _machine_zone())
    for unknown in set(values.get("alerts", ())) - set(values.get("targets", ())):
        raise SettingsError(f"alerts: there is no target {unknown!r}. Name one with [targets.{unknown}] in tend.toml.")
    return Settings(workspace=folder.expanduser().absolute(), **values)


_KINDS: dict[str, type] = {
    item.name: int if item.type == "int" else float if item.type == "float" else str
    for item in fields(Settings)
    if item.name != "workspace"
}
_TABLES: dict[str, Callable[[object], Mapping[str, Any]]] = {"approvals": parse_needs, "approvers": parse_approvers}


_AT_LEAST = {
    "workers": 1,
    "fallback_price": 0,
    "breaker_failures": 1,
    "breaker_cool_down": 0,
    **dict.fromkeys((item.name for item in fields(Settings) if item.name.startswith("budget_")), 0),
    "web_port": 0,
    "keep_runs_days": 15,  # the review compares the week with the week before
}


def _parse(name: str, value: Any, source: str) -> Any:
    if name not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        raise SettingsError(f"{source}: there is no setting {name!r}. There are: {known}.")
    if name in ("targets", "alerts"):
        return _parse_targets(name, value, source)
    if name == "database_url" and not _is_address(str(value)):
        raise SettingsError(f"{source}: database_url is no address like postgresql://user@host/database.")
    if name in _CHECKED and not _CHECKED[name][0](value):
        raise SettingsError(f"{source}: {name} is {value!r}; it is {_CHECKED[name][1]}.")
    if name in _TABLES:
        try:
            return _TABLES[name](value)
        except ValueError as error:
            raise SettingsError(f"{source}: {name}: {error}.") from error
    try:
        parsed = _KINDS[name](value)
    except (OverflowError, TypeError, ValueError):
        raise SettingsError(
            f"{source}: {name} is {value!r}; a value of type {_KINDS[name].__name__} is wanted."
        ) from None
    if name in _AT_LEAST and not _AT_LEAST[name] <= parsed < inf:  # which no comparison with nan is
        raise SettingsError(f"{source}: {name} is {value!r}; {_AT_LEAST[name]} is the least.")
    return parsed


def _parse_targets(name: str, value: Any, source: str) -> Any:
    """`alerts` is a list of names; in the environment with commas between them."""
    try:
        if name == "targets":
            return parse_targets(value)
        return tuple(one.strip() for one in value.split(",") if one.strip()) if isinstance(value, str) else tuple(value)
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{source}: {name}: {error}.") from error


def _is_address(text: str) -> bool:
    try:
        urlsplit(text).port  # noqa: B018 # reading it raises
    except ValueError:
        return False
    return text.startswith("postgresql://")


def _is_zone(value: object) -> bool:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_cron(value: object) -> bool:
    try:
        read_cron(str(value))
    except NotACron:
        return False
    return True


_CHECKED: dict[str, tuple[Callable[[object], bool], str]] = {
    "zone": (_is_zone, "the IANA name of a zone, such as Europe/Berlin"),
    "review_cron": (_is_cron, "five fields of cron, such as 0 10 * * 5"),
    "review": (("propose", "auto").__contains__, "'propose' or 'auto'"),
    "least_tier": (TIERS.__contains__, f"one of {', '.join(TIERS)}"),
}


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}. Mend that line, or remove it.") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8: {error}. Save it as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}.") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    values = {name: environment[f"TEND_{name.upper()}"] for name in _KINDS if f"TEND_{name.upper()}" in environment}
    for ours, theirs in (("anthropic_api_key", "ANTHROPIC_API_KEY"), ("base_url", "ANTHROPIC_BASE_URL")):
        if theirs in environment:
            values.setdefault(ours, environment[theirs])
    return values


def _default_workspace(environment: Mapping[str, str]) -> Path:
    """`./workspace` in a clone, else the user's data folder."""
    if Path("workspace/README.md").is_file() and Path("sidecar").is_dir():
        return Path("workspace")
    return Path(environment.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "tend"


def _machine_zone() -> str:
    link = Path("/etc/localtime")
    parts = link.resolve().parts if link.is_symlink() else ()
    return "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else "UTC"


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None
