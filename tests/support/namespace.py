"""A network of its own for a process: a namespace, joined to ours by a pair of virtual interfaces that can be cut."""

from __future__ import annotations

import os
import shutil
import subprocess
from types import TracebackType
from typing import Self


def missing() -> str | None:
    """What it takes and is not here."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    absent = [tool for tool in ("ip", "nsenter") if shutil.which(tool) is None]
    if absent:
        return f"network namespaces need {' and '.join(absent)} (iproute2, util-linux)"
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces here: {tried.stderr.strip()}" if tried.returncode else None


class Namespace:
    """`address` is ours in it. Between `cut` and `heal` nothing passes, and neither end is told."""

    def __init__(self) -> None:
        here = os.getpid()
        self._name, self._ours, self._theirs = f"tend{here}", f"tend{here}a", f"tend{here}b"
        self._network = f"10.213.{here // 64 % 256}.{here % 64 * 4}"
        self.address = self._host(1)

    def __enter__(self) -> Self:
        _ip("netns", "add", self._name)
        _ip("link", "add", self._ours, "type", "veth", "peer", "name", self._theirs, "netns", self._name)
        _ip("address", "add", f"{self.address}/30", "dev", self._ours)
        _ip("-n", self._name, "address", "add", f"{self._host(2)}/30", "dev", self._theirs)
        for interface in (self._theirs, "lo"):
            _ip("-n", self._name, "link", "set", interface, "up")
        self.heal()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _ip("link", "delete", self._ours)
        _ip("netns", "delete", self._name)

    @property
    def entering(self) -> list[str]:
        """What stands before a command that is to run inside."""
        return ["nsenter", f"--net=/run/netns/{self._name}"]

    @property
    def subnet(self) -> str:
        return f"{self._network}/30"

    def cut(self) -> None:
        _ip("link", "set", self._ours, "down")

    def heal(self) -> None:
        _ip("link", "set", self._ours, "up")

    def _host(self, number: int) -> str:
        start, _, last = self._network.rpartition(".")
        return f"{start}.{int(last) + number}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
