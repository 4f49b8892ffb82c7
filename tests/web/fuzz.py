"""`python -m tests.web.fuzz --minutes 5`: requests made from the OpenAPI document, right ones and wrong ones. Whatever
is asked, no answer may be a server error."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from harness.web.doors.tokens import Tokens
from tests.support.live_sidecar import LiveSidecar
from tests.support.web_process import WebProcess

LEFT_OUT = ("/api/leave",)  # it ends the session that all the others need

SKILL = '''"""Greet somebody, or fail."""

from skills import Run, event, skill


@skill()
def greeter(run: Run, name: str) -> str:
    if name == "nobody":
        raise ValueError("nobody is there")
    return f"Hello, {name}"
'''


def fuzz(folder: Path, seconds: int, seed: int | None = None) -> tuple[int, str]:
    """Schemathesis' exit code, and what it says; it prints its seed."""
    with LiveSidecar(folder) as sidecar:
        sidecar.put("greeter", SKILL)
        for name in ("world", "nobody"):
            sidecar.run("greeter", name)
        token = Tokens(sidecar.client.settings.store).add("fuzz")
        with WebProcess(sidecar) as web, web.browser() as browser:
            document = folder / "openapi.json"
            document.write_text(json.dumps(browser.get("/openapi.json").json()))
            cookie = browser.headers["cookie"]
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", web.base),
                    *("--max-time", str(seconds), "--checks", "not_a_server_error", "--continue-on-failure"),
                    *("--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none"),
                    *("-H", f"cookie:{cookie}", "-H", f"authorization:Bearer {token}"),
                    *(word for path in LEFT_OUT for word in ("--exclude-path", path)),
                    *(("--seed", str(seed)) if seed is not None else ()),
                ],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            told = done.stdout + done.stderr
            if browser.get("/api/home").status_code != 200:
                raise AssertionError(f"the pages do not answer any more: {web.log.read_text()[-4_000:]}\n{told}")
            return done.returncode, told + web.log.read_text()[-8_000:]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.web.fuzz", description="Ask the API everything.")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tend-fuzz-") as folder:
        code, told = fuzz(Path(folder), int(given.minutes * 60), given.seed)
    print(told)
    return code


if __name__ == "__main__":
    sys.exit(main())
