"""Further processes, and those of others."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import signal
import subprocess
from pathlib import Path

from sidecar.isolation.kernel import prctl
from tests.isolation.attempts import Attempts
from tests.isolation.stage import Stage
from tests.isolation.syscall import call

PROCESSES = attempt = Attempts()

_PTRACE_ATTACH = 16
_PR_SET_PDEATHSIG = 1
_CLONE_VFORK_AND_SIGCHLD = 0x4000 | signal.SIGCHLD


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


@attempt()
def fork(stage: Stage) -> object:
    """fork."""
    if (child := os.fork()) == 0:
        os._exit(0)
    return os.waitpid(child, 0)


@attempt()
def clone(stage: Stage) -> object:
    """make a process by clone."""
    if (child := call("clone", _CLONE_VFORK_AND_SIGCHLD, 0, 0, 0, 0)) == 0:
        os._exit(0)
    return os.waitpid(child, 0)


@attempt()
def run_a_program(stage: Stage) -> object:
    """run a program."""
    return subprocess.run(["/bin/true"], check=True)


@attempt()
def become_a_program(stage: Stage) -> object:
    """become a program by exec."""
    os.execv("/bin/true", ["true"])  # noqa: S606


@attempt()
def become_bytes(stage: Stage) -> object:
    """become a program that is in memory alone."""
    descriptor = os.memfd_create("program")
    os.write(descriptor, Path("/bin/true").read_bytes())
    os.execve(descriptor, ["true"], {})  # noqa: S606


@attempt()
def list_processes(stage: Stage) -> object:
    """list the processes."""
    return list(Path("/proc").iterdir())


@attempt()
def read_environment(stage: Stage) -> object:
    """read another process's environment."""
    return Path(f"/proc/{stage.victim}/environ").read_bytes()


@attempt()
def read_command_line(stage: Stage) -> object:
    """read another process's command line."""
    return Path(f"/proc/{stage.victim}/cmdline").read_bytes()


@attempt()
def read_memory_file(stage: Stage) -> object:
    """read another process's memory as a file."""
    with Path(f"/proc/{stage.victim}/mem").open("rb", buffering=0) as memory:
        memory.seek(stage.address)
        return memory.read(10)


@attempt()
def read_memory(stage: Stage) -> object:
    """read another process's memory by a call."""
    room = ctypes.create_string_buffer(10)
    mine, theirs = _Vector(ctypes.addressof(room), 10), _Vector(stage.address, 10)
    return call("process_vm_readv", stage.victim, ctypes.addressof(mine), 1, ctypes.addressof(theirs), 1, 0)


@attempt()
def write_memory(stage: Stage) -> object:
    """write another process's memory by a call."""
    room = ctypes.create_string_buffer(b"n")
    mine, theirs = _Vector(ctypes.addressof(room), 1), _Vector(stage.address, 1)
    return call("process_vm_writev", stage.victim, ctypes.addressof(mine), 1, ctypes.addressof(theirs), 1, 0)


@attempt()
def trace(stage: Stage) -> object:
    """trace another process (ptrace)."""
    return call("ptrace", _PTRACE_ATTACH, stage.victim, 0, 0)


@attempt()
def signal_another(stage: Stage) -> object:
    """send another process a signal."""
    os.kill(stage.victim, 0)
    return None


@attempt()
def signal_parent(stage: Stage) -> object:
    """send the parent a signal."""
    os.kill(os.getppid(), 0)
    return None


@attempt()
def signal_by_descriptor(stage: Stage) -> object:
    """send another process a signal by a descriptor of it."""
    signal.pidfd_send_signal(os.pidfd_open(stage.victim), 0)
    return None


@attempt()
def signal_by_arrival(stage: Stage) -> object:
    """have the kernel signal another process when data arrives."""
    reading, _ = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETOWN, stage.victim)
    return None


@attempt()
def slow_down(stage: Stage) -> object:
    """lower another process's priority."""
    os.setpriority(os.PRIO_PROCESS, stage.victim, 19)
    return None


@attempt()
def pin_down(stage: Stage) -> object:
    """bind another process to one processor."""
    os.sched_setaffinity(stage.victim, os.sched_getaffinity(0))
    return None


@attempt()
def limit_another(stage: Stage) -> object:
    """read another process's limits."""
    return resource.prlimit(stage.victim, resource.RLIMIT_NOFILE)


@attempt()
def outlive_the_parent(stage: Stage) -> object:
    """live on when the parent dies."""
    return prctl(_PR_SET_PDEATHSIG, 0)


@attempt()
def leave_the_session(stage: Stage) -> object:
    """lead a process group of its own."""
    os.setpgid(0, 0)
    return None
