"""`python -m sidecar --workspace PATH`: the sidecar alone, in the foreground; it logs to standard error."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from sidecar.client.settings import SettingsError, load_settings
from sidecar.lock import AlreadyRunning
from sidecar.service import Sidecar
from sidecar.store import StoreError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sidecar", description="Run the sidecar of a workspace.")
    parser.add_argument("--workspace", type=Path, help="the folder of skills/, lib/ and .tend/")
    given = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    for library in ("alembic", "apscheduler", "uvicorn", "watchfiles"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        Sidecar(load_settings(workspace=given.workspace)).run()
    except (AlreadyRunning, SettingsError, StoreError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
