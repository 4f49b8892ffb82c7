"""Named places where a test kills the process, as a power cut would.

`TEND_FAILPOINT="journal.finish.before:3"` kills the process with SIGKILL the third time it gets there. A third part
names a file that is made at that moment, `"worker.start:1:/path/killed"`: while it exists nobody is killed any more,
since each worker and each gateway that follows would else die at the same place. Without the variable a failpoint
costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "TEND_FAILPOINT"
_name, _, _rest = os.environ.get(VARIABLE, "").partition(":")
_times, _, _killed = _rest.partition(":")
_passed: Counter[str] = Counter()


def failpoint(name: str) -> None:
    if name == _name:
        _passed[name] += 1
        if _passed[name] == int(_times or 1) and _is_first():
            os.kill(os.getpid(), signal.SIGKILL)


def _is_first() -> bool:
    if not _killed:
        return True
    try:
        os.close(os.open(_killed, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return False
    return True
