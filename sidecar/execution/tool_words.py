"""What the agent does with its tools, in the words of the line that a person sees in the chat."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

LINE = 300  # characters

_BEGUN = {
    "skills.list": "lists the skills",
    "skills.read": "reads {name}",
    "skills.history": "lists the versions of {name}",
    "skills.check": "checks {name}",
    "skills.why": "looks why {name} ran or did not",
    "skills.write": "writes {name}",
    "skills.edit": "edits {name}",
    "skills.remove": "deletes {name}",
    "skills.pause": "pauses {name}",
    "skills.resume": "resumes {name}",
    "helpers.read": "reads {path}",
    "helpers.write": "writes {path}",
    "runs.list": "lists the runs",
    "runs.show": "reads run {run}",
    "notices.list": "lists the notices",
    "memory.read": "reads {path}",
    "memory.write": "writes {path}",
    "memory.note": "makes a note",
    "world.look": "looks at {url}",
}


def begun(command: str, arguments: Mapping[str, JsonValue]) -> str:
    """ "writes price_report"; the command's name where there are no words for it."""
    if command == "skills.run":
        return f"{'rehearses' if arguments.get('rehearsal') else 'runs'} {arguments.get('name')}"
    given = {name: str(value) for name, value in arguments.items()}
    try:
        return _line(_BEGUN.get(command, command).format_map(given))
    except KeyError:  # an argument is missing, which the command will say
        return command


def refused(command: str, arguments: Mapping[str, JsonValue], reason: str) -> str:
    return _line(f"{begun(command, arguments)}: {reason}")


def ended(result: JsonValue) -> tuple[str, str]:
    """State and words; no words where the line that it was begun with has said all."""
    match result:
        case {"report": {"skill": str(skill), "problems": [_, *_] as problems}}:
            return "failed", f"{skill} refused: {len(problems)} problem{'s' * (len(problems) != 1)}"
        case {"report": {"skill": str(skill)}, "live": bool(live)}:
            return "succeeded", f"{skill} {'is live' if live else 'passes the check'}"
        case {"run": {"skill": str(skill), "state": str(state), "rehearsal": bool(rehearsal), "error": error}}:
            what = f"{'rehearsal' if rehearsal else 'run'} of {skill} {state}"
            why = f": {error['message']}" if isinstance(error, dict) else ""
            return "succeeded" if state == "succeeded" else "failed", _line(f"{what}{why}")
        case _:
            return "succeeded", ""


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LINE else f"{line[:LINE]}…"
