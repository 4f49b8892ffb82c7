"""The kernel: its name spaces, its newer doors, its settings."""

from __future__ import annotations

import ctypes
import os
import resource
import socket
from pathlib import Path

from sidecar.isolation.kernel import prctl
from tests.isolation.attempts import Attempts
from tests.isolation.stage import Stage
from tests.isolation.syscall import call

KERNEL = attempt = Attempts()

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MS_BIND = 4096
_IPC_PRIVATE = 0
_JOIN_SESSION_KEYRING = 1
_PR_SET_DUMPABLE = 4


@attempt(may_be_off=True)
def user_namespace(stage: Stage) -> object:
    """unshare: a user namespace."""
    return call("unshare", _CLONE_NEWUSER)


@attempt(needs_root=True)
def network_namespace(stage: Stage) -> object:
    """unshare: a network namespace."""
    return call("unshare", _CLONE_NEWNET)


@attempt(needs_root=True)
def join_a_namespace(stage: Stage) -> object:
    """setns: another process's namespace."""
    return call("setns", os.open(f"/proc/{stage.victim}/ns/net", os.O_RDONLY), 0)


@attempt(needs_root=True)
def mount(stage: Stage) -> object:
    """mount a folder elsewhere."""
    paths = (ctypes.create_string_buffer(os.fsencode(path)) for path in (stage.home, stage.scratch))
    source, target = map(ctypes.addressof, kept := list(paths))
    done = call("mount", source, target, 0, _MS_BIND, 0)
    call("umount2", target, 0)
    return done, kept


@attempt(needs_root=True)
def change_root(stage: Stage) -> object:
    """chroot."""
    os.chroot(stage.scratch)
    return None


@attempt(may_be_off=True)
def ring(stage: Stage) -> object:
    """io_uring."""
    return call("io_uring_setup", 4, ctypes.addressof(ctypes.create_string_buffer(256)))


@attempt(needs_root=True, may_be_off=True)
def program_the_kernel(stage: Stage) -> object:
    """bpf: make a map."""
    wanted = (ctypes.c_uint32 * 32)(2, 4, 4, 1)  # an array of one number
    return call("bpf", 0, ctypes.addressof(wanted), ctypes.sizeof(wanted))


@attempt(may_be_off=True)
def keys(stage: Stage) -> object:
    """keyctl: a session of keys."""
    return call("keyctl", _JOIN_SESSION_KEYRING, 0)


@attempt(may_be_off=True)
def watch_performance(stage: Stage) -> object:
    """perf_event_open."""
    wanted = ctypes.create_string_buffer(bytes([1, 0, 0, 0, 128, 0, 0, 0]), 128)  # a software event
    return call("perf_event_open", ctypes.addressof(wanted), 0, -1, -1, 0)


@attempt(may_be_off=True)
def handle_page_faults(stage: Stage) -> object:
    """userfaultfd."""
    return call("userfaultfd", 1)


@attempt()
def shared_memory(stage: Stage) -> object:
    """shared memory that other processes see."""
    return call("shmget", _IPC_PRIVATE, 4096, 0o600)


@attempt()
def memory_file(stage: Stage) -> object:
    """a file in memory that may be executed."""
    return os.memfd_create("program")


@attempt()
def change_user(stage: Stage) -> object:
    """setuid."""
    os.setresuid(-1, os.getuid(), os.getuid())
    return None


@attempt(needs_root=True)
def change_groups(stage: Stage) -> object:
    """setgroups."""
    os.setgroups([])
    return None


@attempt(needs_root=True)
def name_the_machine(stage: Stage) -> object:
    """sethostname."""
    socket.sethostname(socket.gethostname())
    return None


@attempt(needs_root=True)
def set_the_clock(stage: Stage) -> object:
    """adjust the clock."""
    state = (ctypes.c_uint32 * 64)(0x4000)  # ADJ_TICK
    state[22:24] = [10000, 0]
    return call("adjtimex", ctypes.addressof(state))


@attempt()
def raise_a_limit(stage: Stage) -> object:
    """go on without a limit on processor time."""
    resource.setrlimit(resource.RLIMIT_CPU, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return None


@attempt()
def personality(stage: Stage) -> object:
    """personality: switch off what makes addresses hard to guess."""
    return call("personality", 0x0040000)


@attempt()
def show_itself(stage: Stage) -> object:
    """let others of the same user read its memory."""
    return prctl(_PR_SET_DUMPABLE, 1)


@attempt(needs_root=True)
def write_a_setting(stage: Stage) -> object:
    """write a setting of the kernel."""
    path = Path("/proc/sys/kernel/core_uses_pid")
    return path.write_text(path.read_text())
