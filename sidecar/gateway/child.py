"""One gateway process, as the sidecar sees it: started, asked from several threads, and gone when it is gone."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from queue import Empty, SimpleQueue

from pydantic import ValidationError

from sidecar import failpoints
from sidecar.gateway.errors import Aborted, GatewayDied, RequestInvalid, named
from sidecar.gateway.requests import Request
from sidecar.gateway.settings import GatewaySettings
from sidecar.gateway.wire import (
    MAX_REQUEST,
    Call,
    Cancel,
    Configure,
    Happened,
    Notice,
    Order,
    Paid,
    Refused,
    Replied,
    Unpaid,
    WarmUp,
    to_line,
    to_notice,
)
from skills.wire import Json

OnEvent = Callable[[Json], None]

# All that the process inherits: where the machine keeps its certificates, and how it reaches the model's server and
# Slack. (ALL_PROXY mostly names a SOCKS proxy, without whose library the model's client does not even start.)
INHERITED = (
    *(
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "NO_PROXY",
        "https_proxy",
        "http_proxy",
        "no_proxy",
    ),
    failpoints.VARIABLE,
)

ABORT_NOTICED = 0.05  # seconds; a queue and an event can't be waited for at once, so the event is polled
GRACE = 30.0  # seconds that a reply may come after its own deadline; then the process hangs, and is killed


class Child:
    def __init__(self, settings: GatewaySettings) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", "sidecar.gateway", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={name: os.environ[name] for name in INHERITED if name in os.environ},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C in the terminal is for the sidecar, which then closes us
            )
        self._ids = count(1)
        self._sending = threading.Lock()
        self._guard = threading.Lock()  # over the two below
        self._under_way: dict[int, SimpleQueue[Notice | None]] = {}  # None: the process ended
        self._ended = False
        self._reader = threading.Thread(target=self._read, name="gateway-reader", daemon=True)
        self._reader.start()
        self._send(Configure(settings=settings))

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return not self._ended

    def warm_up(self) -> None:
        self._send(WarmUp())

    def perform(
        self,
        request: Request,
        *,
        within: float,
        on_event: OnEvent | None,
        abort: threading.Event | None,
        before_try: Callable[[], None],
    ) -> dict[str, Json]:
        """Perform one effect and return its reply. A process that has not answered `within` seconds is killed.
        `before_try` is called before each try but the first."""
        call = Call(id=next(self._ids), request=request)
        line = to_line(call)
        if len(line) > MAX_REQUEST:
            raise RequestInvalid(f"{request} has {len(line):,} bytes; at most {MAX_REQUEST:,} can be sent.")
        notices: SimpleQueue[Notice | None] = SimpleQueue()
        with self._guard:
            if self._ended:
                raise GatewayDied(f"The gateway process ended before {request} was sent. Try again.", unbilled=True)
            self._under_way[call.id] = notices
        try:
            self._send_line(line)
            pay_again = partial(self._pay_again, call.id, before_try)
            return self._answer(request, notices, time.monotonic() + within + GRACE, on_event, abort, pay_again)
        finally:
            self._forget(call.id)

    def kill(self) -> None:
        """End the process now, with everything under way, and wait until it is gone."""
        self._process.kill()
        self._reader.join()

    def _answer(
        self,
        request: Request,
        notices: SimpleQueue[Notice | None],
        deadline: float,
        on_event: OnEvent | None,
        abort: threading.Event | None,
        pay_again: Callable[[], None],
    ) -> dict[str, Json]:
        while True:
            if abort is not None and abort.is_set():
                raise Aborted(f"{request} was given up by its caller.")
            left = deadline - time.monotonic()
            if left <= 0:
                self.kill()
                raise GatewayDied(f"The gateway process hung during {request}, and was killed. Try again.")
            try:
                notice = notices.get(timeout=left if abort is None else min(left, ABORT_NOTICED))
            except Empty:
                continue
            match notice:
                case None:
                    raise self._died(request)
                case Happened(event=event):
                    if on_event is not None:
                        on_event(event)
                case Unpaid():
                    began = time.monotonic()
                    pay_again()
                    deadline += time.monotonic() - began  # no time of the process's
                case Replied(reply=reply):
                    return reply
                case Refused(type=type_name, message=message, unbilled=unbilled, spent=spent):
                    raise named(type_name, message, unbilled=unbilled, spent=spent)

    def _pay_again(self, call: int, before_try: Callable[[], None]) -> None:
        before_try()
        self._send(Paid(id=call))

    def _forget(self, call: int) -> None:
        """Stop listening to a call; where it is still under way (aborted, or its listener raised), stop it too."""
        with self._guard:
            under_way = self._under_way.pop(call, None) is not None and not self._ended
        if under_way:
            self._send(Cancel(id=call))

    def _send(self, order: Order) -> None:
        self._send_line(to_line(order))

    def _send_line(self, line: bytes) -> None:
        try:
            with self._sending:
                self._socket.sendall(line)
        except OSError:
            self._process.kill()  # the reader tells everyone who waits

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    self._hand_over(to_notice(line))
        except (OSError, ValidationError):
            pass  # a process that can't be understood is as good as dead: the same follows
        finally:
            self._process.kill()
            self._process.wait()
            with self._guard:
                self._ended = True
                waiting = list(self._under_way.values())
            for notices in waiting:
                notices.put(None)
            with self._sending:  # a descriptor must not be closed under a thread that writes to it
                self._socket.close()

    def _hand_over(self, notice: Notice) -> None:
        with self._guard:
            over = isinstance(notice, Replied | Refused)
            notices = self._under_way.pop(notice.id, None) if over else self._under_way.get(notice.id)
        if notices is not None:  # None: it was cancelled while the answer was on its way
            notices.put(notice)

    def _died(self, request: Request) -> GatewayDied:
        happened = "Nothing is lost" if request.repeatable else "It may have been performed"
        code = self._process.returncode
        return GatewayDied(
            f"The gateway process ended (exit code {code}) during {request}. {happened}; the next call starts another."
        )
