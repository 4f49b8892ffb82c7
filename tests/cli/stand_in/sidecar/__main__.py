"""A sidecar's process for the tests of `tend up`: the double, until SIGTERM; `STAND_IN` says how else to behave."""

import os
import signal
import sys
import time
from pathlib import Path

from pydantic import JsonValue

from sidecar.client import load_settings
from tests.cli import examples
from tests.cli.double import Double, Refusal


def main() -> None:
    print("the stand-in starts", file=sys.stderr)
    behaviour = os.environ.get("STAND_IN")
    if behaviour == "broken":
        sys.exit("the store is damaged")
    settings = load_settings(workspace=Path(sys.argv[sys.argv.index("--workspace") + 1]))
    while behaviour == "waiting" and not (settings.workspace / "go on").exists():
        time.sleep(0.05)
    double = Double(settings.socket).start()
    failed = examples.run(state="failed", error=examples.ERROR)

    def status(_: object) -> object:
        if (settings.workspace / "broken disk").exists():
            raise Refusal(500, "OperationalError", "status failed: disk I/O error")
        return examples.status(pid=os.getpid(), workspace=str(settings.workspace))

    double.answers |= {
        "status": status,
        "runs.show": examples.run_detail(run=failed),
    }
    for topic, data in EVENTS:
        double.publish(topic, **data)
    signal.sigwait({signal.SIGTERM})
    print("the stand-in ends", file=sys.stderr)
    double.stop()


PROBLEM = examples.PROBLEM.model_dump(mode="json")
EVENTS: list[tuple[str, dict[str, JsonValue]]] = [
    ("check", {"skill": "price_report", "passed": False, "version": examples.VERSION, "problems": [PROBLEM]}),
    ("check", {"skill": "infra_health", "passed": True, "version": examples.VERSION, "problems": []}),
    ("skill", {"skill": "infra_health", "what": "live"}),
    ("step", {"run": examples.RUN, "step": "fetch", "state": "running", "kind": "step"}),
    ("run", {"run": examples.RUN, "skill": "price_report", "state": "failed", "trigger": "cron 0 9 * * 1"}),
    ("notice", {"target": "alerts", "kind": "failed", "text": "It has failed.", "skill": "price_report", "run": ""}),
    ("run", {"run": "0" * 16, "skill": "agent", "state": "succeeded", "trigger": "chat"}),
    ("notice", {"target": "#prices", "text": "Bread is up.", "skill": "price_report", "run": examples.RUN}),
    ("approval", {"id": "ab12", "state": "open", "question": "Send it?", "run": examples.RUN}),
    ("proposal", {"id": "d00d", "skill": "price_report", "state": "open"}),
]

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # also in the double's threads
    main()
