"""`python -m tests.isolation.without_landlock COMMAND…`: the command, on a kernel that seems to have no Landlock."""

from __future__ import annotations

import os
import sys

from sidecar.isolation import seccomp
from sidecar.isolation.kernel import renounce_privileges


def main() -> None:
    renounce_privileges()
    seccomp.restrict(seccomp.compiled({"landlock_create_ruleset": seccomp.ABSENT}, seccomp.ALLOW))
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606


if __name__ == "__main__":
    main()
