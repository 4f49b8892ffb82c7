"""`unshare --net --mount python -m tests.gateway.rebinding`: a name that stands for a public address when it is first
asked for, and for this machine from then on. Tells as JSON what two requests to it came to, and who was asked."""

from __future__ import annotations

import json
import socket
import subprocess
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sidecar.gateway import EffectFailed, Gateway, GatewaySettings

NAME = "rebind.example.com"
PUBLIC, PRIVATE = "93.184.216.34", "127.0.0.1"  # both are this machine, in a network of its own
ADDRESS, QUESTION_AT = 1, 12  # the type of a question, and where in a message it stands (RFC 1035)


class NameServer(threading.Thread):
    """`asked` counts the questions for an IPv4 address."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((PRIVATE, 53))
        self.asked = 0

    def run(self) -> None:
        while True:
            question, whose = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(question), whose)

    def _answer(self, question: bytes) -> bytes:
        end = question.index(b"\0", QUESTION_AT) + 5
        if int.from_bytes(question[end - 4 : end - 2]) != ADDRESS:
            return question[:2] + b"\x81\x80\0\1\0\0\0\0\0\0" + question[QUESTION_AT:end]
        self.asked += 1
        address = socket.inet_aton(PUBLIC if self.asked == 1 else PRIVATE)
        record = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + address  # to be kept for no time at all
        return question[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + question[QUESTION_AT:end] + record


class Web(ThreadingHTTPServer):
    def __init__(self, address: str) -> None:
        super().__init__((address, 80), _Page)
        self.seen: list[str] = []  # whom they meant
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Page(BaseHTTPRequestHandler):
    server: Web

    def do_GET(self) -> None:
        self.server.seen.append(self.headers["host"])
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class named it
        """Say nothing: what was asked is in `seen`."""


def main() -> None:
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "address", "add", f"{PUBLIC}/32", "dev", "lo"]):
        subprocess.run(command, check=True)
    with tempfile.NamedTemporaryFile("w") as resolv:
        resolv.write(f"nameserver {PRIVATE}\n")
        resolv.flush()
        subprocess.run(["mount", "--bind", resolv.name, "/etc/resolv.conf"], check=True)
        names, public, private = NameServer(), Web(PUBLIC), Web(PRIVATE)
        names.start()
        outcomes = _outcomes()
    print(json.dumps({"outcomes": outcomes, "asked": names.asked, "public": public.seen, "private": private.seen}))


def _outcomes() -> list[str]:
    gateway = Gateway(GatewaySettings())
    told = []
    for _ in range(2):
        try:
            reply = gateway.effect("http", {"method": "GET", "url": f"http://{NAME}/", "hosts": [NAME]})
            told.append(str(reply["status"]))
        except EffectFailed as error:
            told.append(error.type)
    gateway.close()
    return told


if __name__ == "__main__":
    main()
