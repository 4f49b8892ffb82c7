"""Stands before the real package on the path, and differs in `__main__` alone: `tend up` starts the double."""

import os

__path__.append(os.environ["REAL_SIDECAR"])
