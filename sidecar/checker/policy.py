"""Which hosts, secrets, programs and paths a skill may declare."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from sidecar.secret_folder import NAME
from skills.limits import PROTECTED, protected_part

_HOST = re.compile(
    r"(?=.{1,253}(:|$))[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*(:[0-9]{1,5})?"
)


def host_problem(host: str) -> str:
    """Why this cannot be a declared host, or "". A host is a name in lower case, with a port where it needs one."""
    if "://" in host or "/" in host:
        return f"{host!r} is an address, not a host name"
    if "*" in host:
        return f"{host!r} has a wildcard; each host has to be named"
    if host != host.lower():
        return f"{host!r} has capital letters"
    if not _HOST.fullmatch(host) or not 0 < int(host.partition(":")[2] or 1) < 65536:
        return f"{host!r} is no host name"
    return ""


def host_fix(host: str) -> str:
    """What to write in its place: where it is an address, the host in it."""
    meant = _host_in(host.strip().lower())
    return 'Write the name alone: hosts=["api.example.com"].' if host_problem(meant) else f'Write "{meant}".'


def _host_in(address: str) -> str:
    """`http://127.0.0.1:8899/` → `127.0.0.1:8899`; "" where there is none."""
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return host if port in (None, usual) else f"{host}:{port}"


def secret_problem(name: str) -> str:
    """Why this cannot be the name of a secret, or ""."""
    return "" if NAME.fullmatch(name) else f"{name!r} is no name of a secret"


def command_problem(name: str) -> str:
    """Why this cannot be a program that a skill runs, or ""."""
    if "/" in name:
        return f"{name!r} is a path, not a program's name"
    return "" if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}", name) else f"{name!r} is no program's name"


def read_problem(glob: str) -> str:
    """Why a skill cannot read there, or ""."""
    if problem := _outside(glob):
        return problem
    refused = protected_part(PurePosixPath(glob), writes=False)
    return "the store and the settings are not for skills to read" if refused else ""


def write_problem(glob: str) -> str:
    """Why a skill cannot write there, or ""."""
    if problem := _outside(glob):
        return problem
    # Without regard to case: on some file systems memory.md is MEMORY.md.
    reached = [name for name in PROTECTED if fnmatchcase(name.casefold(), _first(glob).casefold())]
    return f"{glob!r} reaches {reached[0]!r}, which skills do not write" if reached else ""


def _outside(glob: str) -> str:
    if not glob.strip() or "\0" in glob:
        return f"{glob!r} is no path"
    if glob.startswith(("/", "~")) or "\\" in glob or re.match(r"[A-Za-z]:", glob):
        return f"{glob!r} is not relative to the workspace"
    if ".." in PurePosixPath(glob).parts:
        return f"{glob!r} leaves the workspace"
    return ""


def _first(glob: str) -> str:
    return PurePosixPath(glob).parts[0] if PurePosixPath(glob).parts else "*"
