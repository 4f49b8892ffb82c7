"""A process that lost what it stood on starts anew: nothing of what it ran is left, and it waits for its database."""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

PATIENT = "TEND_STARTED_ANEW"

log = logging.getLogger(__name__)


def start_anew(reason: str) -> NoReturn:
    """The same program in the same process. Its workers and its gateway end with the sockets that lead to them."""
    log.error("%s; the sidecar starts anew", reason)
    os.environ[PATIENT] = reason
    os.execv(sys.executable, sys.orig_argv)  # noqa: S606 # itself


def end_at_once(reason: str) -> NoReturn:
    """For a process that was told to end, and lost what it would need to end in order."""
    log.error("%s; the sidecar ends at once", reason)
    os._exit(0)


def has_started_anew() -> bool:
    """Whether to wait for what was lost, and not to give up at once as a first start does. Asked once."""
    return os.environ.pop(PATIENT, None) is not None
