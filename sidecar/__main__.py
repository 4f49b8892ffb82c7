"""`python -m sidecar --workspace PATH`: the sidecar alone, in the foreground; it logs to standard error."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sidecar.client.settings import SettingsError, load_settings
from sidecar.hosts.anew import has_started_anew
from sidecar.isolation.kernel import hide_memory
from sidecar.lock import AlreadyRunning
from sidecar.service import Sidecar
from sidecar.store import StoreError
from sidecar.store.database import MissingExtra

TRY_AGAIN_AFTER = 1.0  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sidecar", description="Run the sidecar of a workspace.")
    parser.add_argument("--workspace", type=Path, help="the folder of skills/, lib/ and .tend/")
    parser.add_argument("--worker", action="store_true", help="execute runs for others, and never lead")
    given = parser.parse_args()
    hide_memory()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    for library in ("alembic", "apscheduler", "procrastinate", "uvicorn", "watchfiles"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        settings = load_settings(workspace=given.workspace)
        again = has_started_anew()
        _when_it_answers(lambda: Sidecar(settings, may_lead=not given.worker, again=again), patient=again).run()
    except (AlreadyRunning, MissingExtra, SettingsError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _when_it_answers(make: Callable[[], Sidecar], *, patient: bool) -> Sidecar:
    """A first start fails at once where the database is away; one that lost it waits until it is back."""
    while True:
        try:
            return make()
        except StoreError as error:
            if not patient:
                raise
            logging.warning("%s Tried again in %g s.", error, TRY_AGAIN_AFTER)
            time.sleep(TRY_AGAIN_AFTER)


if __name__ == "__main__":
    sys.exit(main())
