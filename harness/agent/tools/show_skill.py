"""Skills, sources and verdicts in words that the model can act on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from harness.agent.cut import cut, one_line
from harness.agent.limits import SOURCE, TOOL_RESULT
from harness.agent.tools.tool import Outcome
from harness.agent.tools.views import Card, Problem, Report, Skill, Source, Verdict, Version

PROBLEMS = 20  # of one report; the rest is counted
HASH = 12  # letters of a hash that are shown, and may be given back
REASON = 200  # characters of one version's

RUNS_NOW = "It runs on its schedule from now on; rehearse it now."


def show_time(moment: str, zone: str) -> str:
    return datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).strftime("%a %Y-%m-%d %H:%M")


def show_skills(skills: list[Skill], zone: str) -> str:
    if not skills:
        return "There are no skills yet."
    return cut("\n".join(_skill(skill, zone) for skill in skills), TOOL_RESULT)


def show_skill(skill: Skill, zone: str) -> str:
    return _skill(skill, zone)


def show_source(source: Source, *, earlier: bool = False) -> str:
    """The file as it is now, with the base of a change; or an earlier version, which can't be changed."""
    if earlier:
        return f"{source['path']}, version {source['version']}\n\n{cut(source['text'], SOURCE)}"
    return f"{_standing(source)} {change_again(source['hash'])}\n\n{cut(source['text'], SOURCE)}"


def change_again(base: str) -> str:
    """Which base the next change of these bytes names."""
    return f"To change it: base={base[:HASH]}"


def _standing(source: Source) -> str:
    """Whether the text is what runs."""
    path, active = source["path"], source["version"][:HASH] if source["version"] else None
    if not source["problems"]:
        return f"{path} (active version {active})." if active else f"{path} (no active version)."
    count = f"{source['problems']} problem{'s' * (source['problems'] != 1)}"
    refused = f"{path} as it is now: refused by the check, {count} (check_report)."
    return f"{refused} Live is {active}; read it with version={active}." if active else f"{refused} Nothing is live."


def show_versions(versions: list[Version], zone: str) -> str:
    """One line each."""
    lines = [
        f"- {version['hash'][:HASH]} {version['state']} | {show_time(version['created_at'], zone)} | "
        f"by {version['author']}: {one_line(version['reason'], REASON)}"
        for version in versions
    ]
    return cut("\n".join(lines), TOOL_RESULT)


def show_report(report: Report) -> Outcome:
    """The newest check of a file. Refused is an error: the model is to mend it."""
    if _passed(report):
        return Outcome(f"{report['skill']}: the check passed for {report['hash'][:12]}.")
    return Outcome(f"{report['skill']}: the check refused {report['hash'][:12]}.\n{_problems(report)}", is_error=True)


def show_verdict(verdict: Verdict, zone: str) -> Outcome:
    """What became of a write; the first line ends with the base of the next one."""
    said, *more = _verdict(verdict, zone)
    known = verdict["hash"]
    then = change_again(known) if known else "Read it before you change it again."
    return Outcome("\n".join([f"{said} {then}", *more]), is_error=not _passed(verdict["report"]))


def show_verdicts(path: str, hash_: str, verdicts: list[Verdict], zone: str) -> Outcome:
    """What became of a helper's write, for each skill that imports it."""
    head = f"Wrote {path}. {change_again(hash_)}"
    told = "Skills that import it:" if verdicts else "No skill imports it yet."
    lines = [head, told, *(line for verdict in verdicts for line in _verdict(verdict, zone))]
    refused = any(not _passed(verdict["report"]) for verdict in verdicts)
    return Outcome(cut("\n".join(lines), TOOL_RESULT), is_error=refused)


def _verdict(verdict: Verdict, zone: str) -> list[str]:
    """Lines, of which the first says what became of it."""
    report, version = verdict["report"], verdict["version"][:HASH]
    name = report["skill"]
    if not _passed(report):
        return [f"Refused: {name}. What was live before stays live.", _problems(report)]
    if verdict["approval"]:
        return _waiting(name, verdict["approval"], verdict["card"])
    if verdict["denied"]:
        return [f"Denied: {name} passed the check, but {verdict['denied']}. The same bytes are not asked about again."]
    if not verdict["live"] and verdict["hash"] is None:
        return [f"Unchanged: {name} {version} is what is active already. There is nothing to propose."]
    if not verdict["live"]:
        return [f"Proposed: {name} passed the check. It is not live until it is accepted."]
    schedule = f" Schedule: {verdict['schedule']}." if verdict["schedule"] else ""
    live = [f"Live: {name} passed the check.", f"Version {version}.{schedule}{_next(verdict['next_times'], zone)}"]
    live += _receipt(verdict["card"])
    return [*live, RUNS_NOW] if verdict["next_times"] else live


def _waiting(name: str, approval: str, card: Card | None) -> list[str]:
    more = "; ".join((card["wider"] or card["may"]) if card else [])
    return [
        f"Waiting: {name} passed the check, and waits for the person's yes. What was live before stays live.",
        f"It asks since it {more}. Tell the person what that is for, and to type: tend approvals show {approval}",
        *_secrets_to_type(card),
    ]


def _receipt(card: Card | None) -> list[str]:
    """What it may do."""
    if card is None:
        return []
    return [*([f"It {'; '.join(card['may'])}."] if card["may"] else []), *_secrets_to_type(card)]


def _secrets_to_type(card: Card | None) -> list[str]:
    typed = dict.fromkeys(command for use in card["secrets"] for command in use["todo"]) if card else {}
    if not typed:
        return []
    head = "It cannot use its secrets until the person has typed (tell them so; never ask for a value):"
    return [head, *(f"  {command}" for command in typed)]


def _skill(skill: Skill, zone: str) -> str:
    parts = [f"{skill['name']} ({skill['origin']}): {skill['purpose']}", skill["schedule"]]
    if skill["paused"]:
        parts.append(f"paused{': ' + skill['paused_reason'] if skill['paused_reason'] else ''}")
    elif held := skill["quarantine"]:
        parts.append(f"quarantined: {held['reason']}")
    elif skill["next_at"]:
        parts.append(f"next {show_time(skill['next_at'], zone)}")
    if skill["waits"]:
        which = "the file as it is now " if skill["version"] else ""
        parts.append(f"{which}passed the check, and waits for the person's yes (tend approvals show {skill['waits']})")
    elif skill["version"] is None:
        parts.append("nothing has passed the check yet")
    if skill["problems"]:
        parts.append(f"the file as it is now was refused with {skill['problems']} problems (check_report)")
    if last := skill["last_run"]:
        parts.append(f"last run {last['id']} {last['state']}")
    return "- " + " | ".join(parts)


def _passed(report: Report) -> bool:
    return report["manifest"] is not None and not report["problems"]


def _problems(report: Report) -> str:
    shown = [_problem(problem) for problem in report["problems"][:PROBLEMS]]
    if more := len(report["problems"]) - len(shown):
        shown.append(f"and {more} more problems")
    return cut("\n".join(shown), TOOL_RESULT)


def _problem(problem: Problem) -> str:
    place = f"{problem['file']}:{problem['line']}" if problem["line"] else problem["file"]
    lines = [f"{place}: {problem['reason']}"]
    if problem["source"].strip():
        lines.append(f"    {problem['source'].strip()}")
    if problem["fix"]:
        lines.append(f"    fix: {problem['fix']}")
    return "\n".join(lines)


def _next(times: list[str], zone: str) -> str:
    if not times:
        return ""
    return f" Next: {', '.join(show_time(moment, zone) for moment in times[:3])} ({zone})."
