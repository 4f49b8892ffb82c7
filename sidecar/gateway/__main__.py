"""The gateway process. The sidecar starts it with the number of its end of a socket pair; it is not for people."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys

from sidecar.gateway.service import serve

PR_SET_DUMPABLE = 4  # from <linux/prctl.h>


def main() -> None:
    _hide_memory()
    asyncio.run(_serve_until_hangup(socket.socket(fileno=int(sys.argv[1]))))


async def _serve_until_hangup(sidecar: socket.socket) -> None:
    await serve(sidecar)
    # Nobody is left to tell. An ordinary exit would wait for threads: an import, a name being resolved.
    os._exit(0)


def _hide_memory() -> None:
    """Keep other processes of the same user, a skill's worker above all, from reading the key in our memory."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


if __name__ == "__main__":
    main()
