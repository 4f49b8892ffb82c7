"""Named places where a test kills the process, as a power cut would.

`TEND_FAILPOINT="journal.finish.before:3"` kills the process with SIGKILL the third time it gets there. Without the
variable a failpoint costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "TEND_FAILPOINT"
_name, _, _times = os.environ.get(VARIABLE, "").partition(":")
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    if name == _name:
        _passed[name] += 1
        if _passed[name] == int(_times or 1):
            os.kill(os.getpid(), signal.SIGKILL)
