"""Skills, sources and verdicts in words that the model can act on."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from harness.agent.cut import cut
from harness.agent.limits import SOURCE, TOOL_RESULT
from harness.agent.tools.tool import Outcome
from harness.agent.tools.views import Problem, Report, Skill, Source, Verdict

PROBLEMS = 20  # of one report; the rest is counted


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
    active = f"active version {source['version'][:12]}" if source["version"] else "no active version"
    head = f"{source['path']} ({active}). To change it, name base={source['hash']}"
    return f"{head}\n\n{cut(source['text'], SOURCE)}"


def show_report(report: Report) -> Outcome:
    """The newest check of a file. Refused is an error: the model is to mend it."""
    if _passed(report):
        return Outcome(f"{report['skill']}: the check passed for {report['hash'][:12]}.")
    return Outcome(f"{report['skill']}: the check refused {report['hash'][:12]}.\n{_problems(report)}", is_error=True)


def show_verdict(verdict: Verdict, zone: str) -> Outcome:
    """What became of a write, and the base of the next one."""
    outcome = _verdict(verdict, zone)
    known = verdict["hash"]
    then = _again(known) if known else "Read it before you change it again."
    return Outcome(f"{outcome.text}\n{then}", is_error=outcome.is_error)


def show_verdicts(path: str, hash_: str, verdicts: list[Verdict], zone: str) -> Outcome:
    """What became of a helper's write, for each skill that imports it."""
    outcomes = [_verdict(verdict, zone) for verdict in verdicts]
    head = f"Wrote {path}. " + ("Skills that import it:" if outcomes else "No skill imports it yet.")
    text = cut("\n".join([head, *(outcome.text for outcome in outcomes)]), TOOL_RESULT)
    return Outcome(f"{text}\n{_again(hash_)}", is_error=any(outcome.is_error for outcome in outcomes))


def _again(base: str) -> str:
    return f"To change it again, name base={base}"


def _verdict(verdict: Verdict, zone: str) -> Outcome:
    report, version = verdict["report"], verdict["version"][:12]
    name = report["skill"]
    if not _passed(report):
        said = f"Refused: {name} {version} did not pass the check. What was live before stays live."
        return Outcome(f"{said}\n{_problems(report)}", is_error=True)
    if not verdict["live"] and verdict["hash"] is None:
        return Outcome(f"Unchanged: {name} {version} is what is active already. There is nothing to propose.")
    if not verdict["live"]:
        return Outcome(f"Proposed: {name} {version} passed the check. It is not live until it is accepted.")
    schedule = f" Schedule: {verdict['schedule']}." if verdict["schedule"] else ""
    return Outcome(f"Live: {name} {version} passed the check.{schedule}{_next(verdict['next_times'], zone)}")


def _skill(skill: Skill, zone: str) -> str:
    parts = [f"{skill['name']} ({skill['origin']}): {skill['purpose']}", skill["schedule"]]
    if skill["paused"]:
        parts.append(f"paused{': ' + skill['paused_reason'] if skill['paused_reason'] else ''}")
    elif held := skill["quarantine"]:
        parts.append(f"quarantined: {held['reason']}")
    elif skill["next_at"]:
        parts.append(f"next {show_time(skill['next_at'], zone)}")
    if skill["version"] is None:
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
