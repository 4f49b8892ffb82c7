"""Do one hostile thing, named by the input."""

import enum
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from skills import Run, skill, step


class Wanted(BaseModel):
    kind: str
    home: str  # the workspace
    sidecar: int = 0  # its process


def reach(name: str) -> Any:
    """A module that the check refuses by its name; it can't see what a computed name means."""
    modules = getattr(getattr(enum, "s" + "ys"), "mod" + "ules")
    return getattr(modules["built" + "ins"], "__im" + "port__")(name)


def leave(wanted: Wanted) -> str:
    reach("os")._exit(0)
    return "lives"


def leave_politely(wanted: Wanted) -> str:
    reach("sys").exit(3)
    return "lives"


def raise_what_nobody_catches(wanted: Wanted) -> str:
    raise type("Odd", (BaseException,), {})("odd")


def raise_what_cannot_be_shown(wanted: Wanted) -> str:
    def complain(_: object) -> str:
        raise ValueError("no words")

    raise type("Mute", (Exception,), {"__str__": complain})


def loop(wanted: Wanted) -> str:
    while True:
        pass


def sleep(wanted: Wanted) -> str:
    reach("time").sleep(1000)
    return "woke"


def backtrack(wanted: Wanted) -> str:
    reach("re").match(r"(a+)+$", "a" * 60 + "b")
    return "matched"


def ignore_signals(wanted: Wanted) -> str:
    signal = reach("signal")
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    return loop(wanted)


def stop_itself(wanted: Wanted) -> str:
    os = reach("os")
    os.kill(os.getpid(), reach("signal").SIGSTOP)
    return "went on"


def fork_bomb(wanted: Wanted) -> str:
    while True:
        reach("os").fork()


def spawn(wanted: Wanted) -> str:
    return str(reach("subprocess").check_output(["/usr/bin/id"]))


def become(wanted: Wanted) -> str:
    reach("os").execv("/bin/sh", ["sh", "-c", "sleep 1000"])
    return "became"


def hoard(wanted: Wanted) -> str:
    return str(len(bytearray(4 * 1024**3)))


def recurse(wanted: Wanted) -> str:
    return recurse(wanted)


def recurse_without_end(wanted: Wanted) -> str:
    reach("sys").setrecursionlimit(10**9)
    deep: Any = iter(())
    for _ in range(300_000):
        deep = filter(bool, deep)
    return str(next(deep, "survived"))


def segfault(wanted: Wanted) -> str:
    reach("ctypes").string_at(0)
    return "lives"


def abort(wanted: Wanted) -> str:
    reach("os").abort()
    return "lives"


def print_much(wanted: Wanted) -> str:
    for _ in range(100):
        reach("built" + "ins").print("x" * 10_000_000)  # 1 GB
    return "printed"


def print_without_a_line(wanted: Wanted) -> str:
    for _ in range(100):
        reach("built" + "ins").print("x" * 10_000_000, end="")
    return "printed"


def write_to_descriptors(wanted: Wanted) -> str:
    os = reach("os")
    for _ in range(1000):
        os.write(1, b"x" * 100_000)
        os.write(2, b"x" * 100_000)
    return "written"


def patch_modules(wanted: Wanted) -> str:
    for name in ("json", "time", "socket", "os"):
        module = reach(name)
        for attribute in ("dumps", "loads", "time", "monotonic", "urandom"):
            if hasattr(module, attribute):
                setattr(module, attribute, lambda *_: "forged")
    return "patched"


def empty_modules(wanted: Wanted) -> str:
    reach("sys").modules.clear()
    return "emptied"


def hook_imports(wanted: Wanted) -> str:
    class Hook:
        def find_spec(self, *_: object) -> None:
            raise SystemExit(7)

    reach("sys").meta_path.insert(0, Hook())
    reach("sys").modules.pop("csv", None)
    return str(reach("csv"))


def register_at_exit(wanted: Wanted) -> str:
    reach("atexit").register(loop, wanted)
    return "registered"


def leave_threads(wanted: Wanted) -> str:
    threading = reach("threading")
    for target in (sleep, sleep, loop):
        threading.Thread(target=target, args=(wanted,)).start()
    return "left"


def make_threads(wanted: Wanted) -> str:
    threading = reach("threading")
    while True:
        threading.Thread(target=threading.Event().wait, daemon=True).start()


def finalize(wanted: Wanted) -> str:
    class Last:
        def __del__(self) -> None:
            loop(wanted)

    reach("builtins").kept = Last()
    gc = reach("gc")
    gc.callbacks.append(lambda *_: 1 / 0)
    return "prepared"


def close_descriptors(wanted: Wanted) -> str:
    reach("os").closerange(0, 4096)
    return "closed"


def open_many(wanted: Wanted) -> str:
    reach("os").dup(0)
    return open_many_more([])


def open_many_more(held: list[Any]) -> str:
    while True:
        held.append(reach("os").dup(0))


def fill_a_file(wanted: Wanted) -> str:
    with reach("io").open("large", "wb") as file:
        for _ in range(100):
            file.write(b"x" * 1024**2)
    return "filled"


def nest_folders(wanted: Wanted) -> str:
    os = reach("os")
    for _ in range(3000):
        os.mkdir("deeper", 0o700)
        os.chdir("deeper")
    os.mkdir("closed", 0)
    return "nested"


def kill_all(wanted: Wanted) -> str:
    reach("os").kill(-1, 9)
    return "killed"


def kill_the_zygote(wanted: Wanted) -> str:
    os = reach("os")
    os.kill(os.getppid(), 9)
    return "killed"


def kill_the_sidecar(wanted: Wanted) -> str:
    reach("os").kill(wanted.sidecar, 9)
    return "killed"


def trace_the_zygote(wanted: Wanted) -> str:
    ctypes = reach("ctypes")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, reach("os").getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    return "traced"


def outlive(wanted: Wanted) -> str:
    ctypes = reach("ctypes")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(1, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    return "outlives"


def read_environment(wanted: Wanted) -> str:
    return read(f"/proc/{wanted.sidecar}/environ")


def read_the_store(wanted: Wanted) -> str:
    return read(f"{wanted.home}/.tend/tend.db")


def read_another_scratch(wanted: Wanted) -> str:
    return str(reach("os").listdir(f"{wanted.home}/.tend/scratch"))


def read_the_sources(wanted: Wanted) -> str:
    return read(f"{wanted.home}/skills/hostile_skill.py")


def read_through_a_link(wanted: Wanted) -> str:
    reach("os").symlink(f"{wanted.home}/.tend/tend.db", "link")
    return read("link")


def read(path: str) -> str:
    with reach("io").open(path, "rb") as file:
        return str(file.read(10))


def write_the_store(wanted: Wanted) -> str:
    return write(f"{wanted.home}/.tend/tend.db")


def write_a_skill(wanted: Wanted) -> str:
    return write(f"{wanted.home}/skills/planted.py")


def write_a_helper(wanted: Wanted) -> str:
    return write(f"{wanted.home}/lib/planted.py")


def write(path: str) -> str:
    with reach("io").open(path, "ab") as file:
        file.write(b"planted")
    return "written"


def delete_the_store(wanted: Wanted) -> str:
    reach("os").unlink(f"{wanted.home}/.tend/tend.db")
    return "deleted"


def release_the_lock(wanted: Wanted) -> str:
    fcntl = reach("fcntl")
    for descriptor in range(3, 100):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        except PermissionError:
            raise
        except OSError:
            continue
    return "released"


def call_out(wanted: Wanted) -> str:
    return str(reach("socket").create_connection(("127.0.0.1", 22), timeout=5))


def ask_a_name(wanted: Wanted) -> str:
    return str(reach("socket").socket(2, 2).sendto(b"x", ("127.0.0.1", 53)))


def talk_nonsense(wanted: Wanted) -> str:
    return say(b"nonsense\n")


def talk_bytes(wanted: Wanted) -> str:
    return say(b"\xff\xfe\n")


def talk_without_end(wanted: Wanted) -> str:
    while True:
        say(b"x" * 1024**2)


def finish_another_step(wanted: Wanted) -> str:
    body = b'{"op": "finish", "step": {"name": "other", "occurrence": 0}, "attempt": 1, "result": "forged"}'
    return say(b'{"id": 999, "body": ' + body + b"}\n")


def name_another_run(wanted: Wanted) -> str:
    body = b'{"op": "end", "run": "0123456789abcdef", "result": {"outcome": "succeeded", "output": "forged"}}'
    return say(b'{"id": 999, "body": ' + body + b"}\n")


def give_commands(wanted: Wanted) -> str:
    step_ = b'"step": {"name": "command", "occurrence": 0}'
    asked = b'"arguments": {"name": "skills.remove", "arguments": {"name": "good"}}'
    body = b'{"op": "request", ' + step_ + b', "kind_of_request": "command", ' + asked + b"}"
    return say(b'{"id": 999, "body": ' + body + b"}\n")


def say(line: bytes) -> str:
    """Over the worker's own connection to the sidecar."""
    os, stat = reach("os"), reach("stat")
    for descriptor in range(3, 100):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                return f"said {os.write(descriptor, line)} bytes"
        except OSError:
            continue
    return "found no connection"


def return_much(wanted: Wanted) -> str:
    return "x" * 20 * 1024**2


def return_a_lot(wanted: Wanted) -> str:
    return "x" * 2 * 1024**2


def fail_at_length(wanted: Wanted) -> str:
    raise ValueError("x" * 100 * 1024**2)


KINDS: dict[str, Callable[[Wanted], str]] = {
    each.__name__: each
    for each in (
        leave,
        leave_politely,
        raise_what_nobody_catches,
        raise_what_cannot_be_shown,
        loop,
        sleep,
        backtrack,
        ignore_signals,
        stop_itself,
        fork_bomb,
        spawn,
        become,
        hoard,
        recurse,
        recurse_without_end,
        segfault,
        abort,
        print_much,
        print_without_a_line,
        write_to_descriptors,
        patch_modules,
        empty_modules,
        hook_imports,
        register_at_exit,
        leave_threads,
        make_threads,
        finalize,
        close_descriptors,
        open_many,
        fill_a_file,
        nest_folders,
        kill_all,
        kill_the_zygote,
        kill_the_sidecar,
        trace_the_zygote,
        outlive,
        read_environment,
        read_the_store,
        read_another_scratch,
        read_the_sources,
        read_through_a_link,
        write_the_store,
        write_a_skill,
        write_a_helper,
        delete_the_store,
        release_the_lock,
        call_out,
        ask_a_name,
        talk_nonsense,
        talk_bytes,
        talk_without_end,
        finish_another_step,
        name_another_run,
        give_commands,
        return_much,
        return_a_lot,
        fail_at_length,
    )
}


ENDLESS = (loop, sleep, backtrack, ignore_signals, stop_itself)


@step(timeout=timedelta(seconds=3))
def in_a_step(wanted: Wanted) -> str:
    return KINDS[wanted.kind](wanted)


@step(timeout=timedelta(minutes=2))
def in_a_long_step(wanted: Wanted) -> str:
    return KINDS[wanted.kind](wanted)


@skill(concurrency=60)
def hostile_skill(run: Run, wanted: Wanted) -> str:
    return run.step(in_a_step if KINDS[wanted.kind] in ENDLESS else in_a_long_step, wanted)
