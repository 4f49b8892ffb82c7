"""The network, and servers of this machine."""

from __future__ import annotations

import socket

from tests.isolation.attempts import Attempts
from tests.isolation.stage import Stage

NETWORK = attempt = Attempts()

HERE = "127.0.0.1"
# A question for the address of example.com, as a resolver sends it.
QUESTION = bytes.fromhex("abcd01000001000000000000076578616d706c6503636f6d0000010001")


@attempt()
def connect(stage: Stage) -> object:
    """connect to a TCP port."""
    return socket.create_connection((HERE, stage.tcp), timeout=5)


@attempt()
def listen(stage: Stage) -> object:
    """listen on a TCP port."""
    return socket.create_server((HERE, 0))


@attempt()
def send(stage: Stage) -> object:
    """send a UDP packet."""
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (HERE, stage.udp))


@attempt()
def ask_a_name(stage: Stage) -> object:
    """ask a name server (DNS)."""
    asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asking.connect((HERE, stage.udp))
    return asking.send(QUESTION)


@attempt(may_be_off=True)
def send_by_ipv6(stage: Stage) -> object:
    """open an IPv6 socket."""
    return socket.socket(socket.AF_INET6, socket.SOCK_STREAM)


@attempt(needs_root=True)
def raw(stage: Stage) -> object:
    """open a raw socket."""
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@attempt()
def netlink(stage: Stage) -> object:
    """ask the kernel by netlink."""
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)


@attempt()
def unix(stage: Stage) -> object:
    """connect to a Unix socket."""
    socket.socket(socket.AF_UNIX).connect(stage.unix)
    return None


@attempt()
def send_to_unix(stage: Stage) -> object:
    """send to a Unix socket from one of a pair."""
    mine, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return mine.sendto(b"x", stage.datagrams)


@attempt()
def abstract(stage: Stage) -> object:
    """connect to an abstract Unix socket."""
    socket.socket(socket.AF_UNIX).connect(stage.abstract)
    return None


@attempt()
def pair(stage: Stage) -> object:
    """make a pair of sockets."""
    return socket.socketpair()
