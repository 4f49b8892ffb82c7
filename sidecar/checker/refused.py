"""What a skill's source must not use, and what to write instead.

This guides honest authors: it names the mistake and its line before anything runs. It is not the boundary: what slips
past it (`getattr` with a computed name) meets the worker's sandbox, and the journal's comparison on replay.
"""

from __future__ import annotations

from collections.abc import Mapping

_HTTP = "Use http.get(...) or http.post(...) from skills, inside a @step, and declare the host in hosts=[...]."
_FILES = "Use files.read(path) or files.write(path, text) from skills, inside a @step, and declare reads= or writes=."
_MODEL = "Use run.ask(prompt, values, returns=Type) in the body."
_NO_PROCESS = "Do it in Python; or run a program with shell.run([...]) in a @step, and declare it in commands=[...]."
_NO_THREADS = "For work side by side use run.map(step, items) in the body; other code runs in one thread."
_NO_DYNAMIC = "Write the code out: the check reads it, and what it cannot read does not run."
_NO_PICKLE = "Use a pydantic model: Model.model_validate_json(text) and .model_dump_json()."
_STATE = "Use run.state.get(name, Type) and run.state.put(name, value)."
_NOW = "Use run.now in the body, or take the time in a @step."
_STEP_HTTP = "Call it in a function with @step, and that with run.step(function, ...)."


def _each(names: str, fix: str, *, of: str = "") -> dict[str, str]:
    return {of + name: fix for name in names.split()}


# Modules of the standard library, and well-known others, that no file may import.
MODULES: Mapping[str, str] = {
    **_each(
        "requests httpx httpx2 aiohttp urllib3 urllib.request http.client http.server socket socketserver",
        _HTTP,
    ),
    **_each("ssl ftplib smtplib imaplib poplib nntplib telnetlib xmlrpc webbrowser select selectors", _HTTP),
    **_each("anthropic openai litellm langchain", _MODEL),
    **_each("subprocess pty signal ctypes cffi mmap fcntl resource", _NO_PROCESS),
    **_each("threading _thread multiprocessing concurrent asyncio queue sched trio anyio", _NO_THREADS),
    **_each("importlib runpy pkgutil zipimport code codeop builtins gc inspect sys site atexit", _NO_DYNAMIC),
    **_each("pickle marshal shelve dill cloudpickle", _NO_PICKLE),
    **_each("sqlite3 dbm", _STATE),
    **_each("tempfile shutil glob fileinput", _FILES),
    "apscheduler": "Declare the schedule: @skill(on=cron(...)).",
    "yaml": "Use json, tomllib or csv from the standard library.",
    "typing_extensions": "Import it from typing.",
}

# Names that no code may use, in a step or outside.
EVERYWHERE: Mapping[str, str] = {
    **_each("eval exec compile __import__ globals breakpoint", _NO_DYNAMIC, of="builtins."),
    "builtins.open": _FILES,
    "io.open": _FILES,
    "codecs.open": _FILES,
    "pathlib.Path": _FILES + " For names alone there is PurePosixPath.",
    "pathlib.PosixPath": _FILES,
    "os": "Use files for files, http for services, PurePosixPath for names, and constants for settings.",
    "typing.no_type_check": "Annotate it: a skill that is not checked does not go live.",
    "builtins.input": "Ask a person with run.approve(question) in the body.",
    "builtins.exit": "Return, or raise an error that says what happened.",
    "builtins.quit": "Return, or raise an error that says what happened.",
}

# Names that would not replay, or belong to the gateway: refused outside steps.
OUTSIDE_STEPS: Mapping[str, str] = {
    "time.sleep": "Use run.sleep(timedelta(...)): it waits without keeping a process, and survives a restart.",
    "time": _NOW,
    "datetime.datetime.now": _NOW,
    "datetime.datetime.utcnow": _NOW,
    "datetime.datetime.today": _NOW,
    "datetime.date.today": "Use run.now.date() in the body, or take the date in a @step.",
    "random": "Use run.random in the body: it gives the same numbers on replay.",
    "secrets": "Use run.key(name) in the body for a key that is the same on each attempt.",
    "uuid.uuid1": "Use run.key(name) in the body for a key that is the same on each attempt.",
    "uuid.uuid4": "Use run.key(name) in the body for a key that is the same on each attempt.",
    **_each("hash id", "Use hashlib, or run.key(name): this gives another number in each process.", of="builtins."),
    "builtins.print": 'Use run.log("...", name=value): it is stored once, also when the body runs again.',
    "logging": 'Use run.log("...", name=value): it is stored once, also when the body runs again.',
    "skills.http": _STEP_HTTP,
    "skills.files": _STEP_HTTP,
    "skills.shell": _STEP_HTTP,
    "skills.secret": 'Use it where it is sent, in a @step: http.get(url, bearer=secret("NAME")).',
}


def lookup(table: Mapping[str, str], name: str) -> str:
    """The fix for a dotted name: the entry for it, or for the nearest thing that contains it, or ""."""
    while name:
        if fix := table.get(name):
            return fix
        name = name.rpartition(".")[0]
    return ""
