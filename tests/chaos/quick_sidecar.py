"""A live sidecar that is cheap to kill and to start again, hundreds of times."""

from __future__ import annotations

import select
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from tests.support.live_sidecar import LiveSidecar, SidecarProcess


class QuickSidecar(LiveSidecar):
    """Forked by a launcher with this sidecar's environment; for the rest as every LiveSidecar."""

    def __init__(self, folder: Path, worker: bool = False, /, **settings: str) -> None:
        super().__init__(folder, worker, **settings)
        with self.log.open("ab") as log:
            self._launcher = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.launcher", *self.command()[3:]],
                cwd=Path(__file__).parents[2],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
            )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._launcher.communicate(timeout=20)
        super().__exit__(kind, error, trace)

    def launch(self, environment: dict[str, str]) -> SidecarProcess:
        assert not environment, "the launcher has the environment of the first start"
        return _Forked(self._launcher)


class _Forked:
    """The launcher's last child."""

    def __init__(self, launcher: subprocess.Popen[bytes]) -> None:
        assert launcher.stdin is not None
        assert launcher.stdout is not None
        self._said = launcher.stdout
        launcher.stdin.write(b"\n")
        self.pid = int(self._said.readline())
        self._status: int | None = None

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float) -> int:
        status = self._look(timeout)
        assert status is not None, f"sidecar {self.pid} did not end within {timeout:g} s"
        return status

    def _look(self, timeout: float) -> int | None:
        if self._status is None and select.select([self._said], [], [], timeout)[0]:
            self._status = int(self._said.readline())
        return self._status
