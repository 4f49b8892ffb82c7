"""A way to PostgreSQL that can be cut: for one host, both ways, without a word to either end."""

from __future__ import annotations

import re
import select
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

CHUNK = 65536  # bytes


class Proxy:
    """Listens on 127.0.0.1:`port`, and forwards to the Unix socket `server`. Between `cut` and `heal` nothing passes,
    not even that an end has closed; what was under way arrives after that, as it would by TCP."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._passes = threading.Event()
        self._passes.set()
        self._open = {self._listening}
        self._to_lose: list[re.Pattern[bytes]] = []
        self._guard = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, name="proxy")]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._passes.set()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)  # whoever waits for it hears of its end
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def cut(self) -> None:
        self._passes.clear()

    def heal(self) -> None:
        self._passes.set()

    def lose_commit(self) -> None:
        """The next commit is done, and whoever asked for it hears of a broken connection instead."""
        self.lose_reply("COMMIT\0")

    def lose_reply(self, statement: str) -> None:
        """The same of the next statement with this text. As the client's protocol has it, a NUL ends one."""
        with self._guard:
            self._to_lose.append(re.compile(re.escape(statement.encode()), re.IGNORECASE))

    @property
    def has_lost_commits(self) -> bool:
        return not self._to_lose

    def _accept(self) -> None:
        with suppress(OSError):  # it is shut
            while True:
                client, _ = self._listening.accept()
                thread = threading.Thread(target=self._forward, args=(client,), name="proxied")
                self._threads.append(thread)
                thread.start()

    def _forward(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            self._passes.wait()
            self._open |= {client, server}
            server.connect(str(self._server))
            self._between(client, server)
        self._open -= {client, server}

    def _between(self, client: socket.socket, server: socket.socket) -> None:
        other = {client: server, server: client}
        losing = False
        while True:
            for end in select.select([client, server], [], [])[0]:
                said = end.recv(CHUNK)
                self._passes.wait()
                if not said or (losing and end is server):
                    return
                losing = losing or (end is client and self._loses(said))
                other[end].sendall(said)

    def _loses(self, said: bytes) -> bool:
        with self._guard:
            found = next((each for each in self._to_lose if each.search(said)), None)
            if found:
                self._to_lose.remove(found)
        return found is not None
