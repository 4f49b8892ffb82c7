"""The gateway process. The sidecar starts it with the number of its end of a socket pair; it is not for people."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

from sidecar.gateway.service import serve
from sidecar.isolation.kernel import hide_memory


def main() -> None:
    hide_memory()
    asyncio.run(_serve_until_hangup(socket.socket(fileno=int(sys.argv[1]))))


async def _serve_until_hangup(sidecar: socket.socket) -> None:
    await serve(sidecar)
    # Nobody is left to tell. An ordinary exit would wait for threads: an import, a name being resolved.
    os._exit(0)


if __name__ == "__main__":
    main()
