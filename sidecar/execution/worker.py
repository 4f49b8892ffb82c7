"""What a worker does between its fork and its end: one attempt of one run."""

from __future__ import annotations

import io
import os
import socket
import sys
import threading
from collections.abc import Mapping
from itertools import count

from sidecar.execution.lines import Lines
from sidecar.failpoints import failpoint
from skills.error_info import error_info
from skills.execute import execute
from skills.loading import load
from skills.port import Ask, Tell
from skills.wire import Answer, Begin, End, Go, Log, Question, Raised, Start

PRINTED_LINES_AT_MOST = 1_000
PRINTED_AT_MOST = 2_000  # characters of a line


class SocketPort:
    """Asks the sidecar, for several threads at once. There is no thread that reads: one of those who wait reads for
    all, so that a run without parallel steps pays for no switch between threads."""

    def __init__(self, lines: Lines, remembered: Mapping[str, int] | None) -> None:
        self._lines = lines
        self._remembered = remembered
        self._ids = count(1)
        self._sending = threading.Lock()
        self._arrived = threading.Condition()  # over the two below
        self._answers: dict[int, Tell] = {}
        self._somebody_reads = False

    def ask(self, question: Ask) -> Tell:
        failpoint(f"worker.{question.op}.before")
        answer: Tell
        if isinstance(question, Begin) and self._is_new(question):
            self._send(question, ahead=True)
            answer = Go(attempt=1)
        else:
            answer = self._answer_to(self._send(question))
        failpoint(f"worker.{question.op}.after")
        return answer

    def _is_new(self, begin: Begin) -> bool:
        """Whether the sidecar can only say Go. Before an irreversible body the intent has to be on disk."""
        if self._remembered is None or begin.kind_of_step == "irreversible":
            return False
        return begin.step.occurrence >= self._remembered.get(begin.step.name, 0)

    def _send(self, question: Ask, *, ahead: bool = False) -> int:
        with self._sending:
            number = next(self._ids)
            self._lines.send(Question(id=number, ahead=ahead, body=question).model_dump_json())
        return number

    def _answer_to(self, number: int) -> Tell:
        with self._arrived:
            while number not in self._answers:
                if self._somebody_reads:
                    self._arrived.wait()
                else:
                    self._read_for_all()
            return self._answers.pop(number)

    def _read_for_all(self) -> None:
        """Take one answer from the socket; the others may go on asking meanwhile."""
        self._somebody_reads = True
        self._arrived.release()
        try:
            line = self._lines.receive()
        finally:
            self._arrived.acquire()
        if line is None:
            os._exit(1)  # the sidecar is gone; what was not acknowledged will be done again
        answer = Answer.model_validate_json(line)
        self._somebody_reads = False
        self._answers[answer.id] = answer.body
        self._arrived.notify_all()


def work(sock: socket.socket) -> None:
    """Execute the attempt that the sidecar sends over `sock`, and exit."""
    lines = Lines(sock)
    line = lines.receive()
    if line is None:
        os._exit(1)
    start = Start.model_validate_json(line)
    port = SocketPort(lines, start.remembered)
    sys.stdout = sys.stderr = printed = _Printed(port, start.attempt)
    failpoint("worker.start")
    end = _attempt(start, port)
    printed.end()
    port.ask(end)
    os._exit(0)


def _attempt(start: Start, port: SocketPort) -> End:
    try:
        skill = load(start.code)
    except Exception as error:  # noqa: BLE001 # whatever the module raises when it is executed is the run's outcome
        return End(result=Raised(error=error_info(error, set(start.code.files))))
    return execute(start, port, skill)


class _Printed(io.TextIOBase):
    """What a skill prints becomes debug lines of its run's log, and of this attempt: no replay prints them again."""

    def __init__(self, port: SocketPort, attempt: int) -> None:
        self._port = port
        self._attempt = attempt
        self._rest = ""
        self._count = 0
        self._turn = threading.Lock()

    def write(self, text: str) -> int:
        with self._turn:
            *lines, rest = text.split("\n")
            for line in lines:
                self._say(self._rest + line)
                self._rest = ""
            self._rest = (self._rest + rest[:PRINTED_AT_MOST])[:PRINTED_AT_MOST]
        return len(text)

    def end(self) -> None:
        """Say what is left without the end of a line."""
        with self._turn:
            if self._rest:
                self._say(self._rest)
                self._rest = ""

    def _say(self, line: str) -> None:
        self._count += 1
        if self._count <= PRINTED_LINES_AT_MOST:
            seq = -self._count  # below the run's own lines, which count from 0
            self._port.ask(
                Log(step=None, attempt=self._attempt, seq=seq, level="debug", message=line[:PRINTED_AT_MOST])
            )
