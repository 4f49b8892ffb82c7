"""`python -m harness.web`: serve the pages of one workspace until told to stop. `tend up` starts it."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import uvicorn

from harness.web.app import application
from harness.web.place import NotServed, require_safe
from sidecar.client import SettingsError, load_settings


def main() -> int:
    parser = argparse.ArgumentParser(prog="harness.web")
    parser.add_argument("--workspace", type=Path, required=True)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    try:
        settings = load_settings(workspace=arguments.workspace)
        place = require_safe(settings)
    except (SettingsError, NotServed) as error:
        print(error, file=sys.stderr)
        return 2
    config = uvicorn.Config(
        application(settings, place),
        host=place.address,
        port=place.port,
        ssl_certfile=place.certificate,
        ssl_keyfile=place.key,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    uvicorn.Server(config).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
