"""Reads `on=`: schedules and events joined with `|`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import timedelta

from sidecar.checker.cron import NotACron, read_cron
from sidecar.checker.literals import Literals, Unreadable, zone
from sidecar.checker.manifest import TOO_FAR, At, Cron, Event, Every, RateLimit, Trigger
from sidecar.checker.module import Module
from skills.limits import WAIT_AT_MOST
from skills.wire import HOOKS, is_event_name, is_hook_name

MOST_TRIGGERS = 20
LONGEST_INTERVAL = timedelta(seconds=WAIT_AT_MOST)
LONGEST_PERIOD = timedelta(days=14)  # of a rate limit and a debounce: runs are remembered for longer

_ENDS = {"skills.succeeded": "succeeded", "skills.failed": "failed"}
_KINDS = {"skills.cron", "skills.every", "skills.at", "skills.event", "skills.webhook", *_ENDS}

_FIX = (
    'Write cron("0 9 * * 1-5"), every(timedelta(hours=1)), at(datetime(...)), event("name", Model), '
    'webhook("github", Model), succeeded("other", Model) or failed("other"), joined with |.'
)
_END_FIX = 'Write succeeded("import_orders", Report) with what it returns, or failed("import_orders").'
_EVENT_FIX = 'Write event("order.paid", Order), with key=lambda order: order.customer if you like.'
_HOOK_FIX = 'Write webhook("github", Push); tend hook add github makes its key.'
_RATE_FIX = "Write rate_limit=(10, timedelta(hours=1)): ten runs within an hour."
_CRON_FIX = 'Write five fields: minute, hour, day of month, month, weekday (0-7, Sunday is 0): "0 9 * * 1-5".'


class TriggerReader:
    def __init__(self, module: Module, literals: Literals) -> None:
        self._module = module
        self._literals = literals

    def read(self, node: ast.expr) -> tuple[Trigger, ...]:
        triggers = tuple(self._one(each) for each in self._alternatives(node))
        if len(triggers) > MOST_TRIGGERS:
            raise Unreadable(node, f"{len(triggers)} triggers, at most {MOST_TRIGGERS} are possible", "Join some.")
        return triggers

    def _alternatives(self, node: ast.expr) -> Iterator[ast.expr]:
        value = self._literals.resolve(node)
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
            yield from self._alternatives(value.left)
            yield from self._alternatives(value.right)
        else:
            yield value

    def _one(self, node: ast.expr) -> Trigger:
        kind = self._module.meaning(node.func) if isinstance(node, ast.Call) else ""
        if not isinstance(node, ast.Call) or kind not in _KINDS:
            raise Unreadable(node, f"{ast.unparse(node)[:80]} is no trigger", _FIX)
        if kind == "skills.cron":
            return self._cron(node)
        if kind in ("skills.event", "skills.webhook"):
            return self._event(node, HOOKS if kind == "skills.webhook" else "")
        if kind in _ENDS:
            return self._end(node, _ENDS[kind])
        argument = _only(node, "interval" if kind == "skills.every" else "when")
        return self._every(argument) if kind == "skills.every" else self._at(argument)

    def _cron(self, node: ast.Call) -> Cron:
        given = dict(zip(("expression", "tz"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        if "expression" not in given or given.keys() - {"expression", "tz"} or len(node.args) > 2:
            raise Unreadable(node, "cron takes an expression and, if you like, tz=", _CRON_FIX)
        expression = self._literals.text(given["expression"])
        check_cron(given["expression"], expression)
        if "tz" not in given or _is_none(given["tz"]):
            return Cron(expression=expression)
        name = self._literals.text(given["tz"])
        zone(given["tz"], name)
        return Cron(expression=expression, zone=name)

    def _event(self, node: ast.Call, prefix: str) -> Event:
        given = dict(zip(("name", "payload"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        given = {name: value for name, value in given.items() if name in {"name", "payload"} or not _is_none(value)}
        if given.keys() - {"key", "rate_limit", "debounce"} != {"name", "payload"} or len(node.args) > 2:
            reason = "event takes a name, the payload's type and, if you like, key=, rate_limit= and debounce="
            raise Unreadable(node, reason, _EVENT_FIX)
        name = self._literals.text(given["name"])
        if prefix and not is_hook_name(name):
            reason = f"{name!r} is no webhook's name: up to 64 small letters, digits, '_' and '-'"
            raise Unreadable(given["name"], reason, _HOOK_FIX)
        name = prefix + name
        if not is_event_name(name):
            reason = f"{name!r} is no event's name: up to 100 letters, digits, '.', '_' and '-'"
            raise Unreadable(given["name"], reason, _EVENT_FIX)
        return Event(
            name=name,
            key=_one_field(given["key"]) if "key" in given else None,
            rate_limit=self._rate_limit(given["rate_limit"]) if "rate_limit" in given else None,
            debounce=self._period(given["debounce"]) if "debounce" in given else None,
        )

    def _rate_limit(self, node: ast.expr) -> RateLimit:
        value = self._literals.resolve(node)
        if not isinstance(value, ast.Tuple) or len(value.elts) != 2:
            raise Unreadable(node, f"{ast.unparse(node)[:80]} is no number of runs with a time", _RATE_FIX)
        runs = self._literals.whole_number(value.elts[0])
        if runs < 1:
            raise Unreadable(node, f"{runs} runs are less than 1", _RATE_FIX)
        return RateLimit(runs=runs, seconds=self._period(value.elts[1]))

    def _period(self, node: ast.expr) -> float:
        period = self._literals.duration(node)
        if not timedelta(0) < period <= LONGEST_PERIOD:
            raise Unreadable(
                node, f"{period} is not between zero and {LONGEST_PERIOD.days} days", "Use a time between."
            )
        return period.total_seconds()

    def _end(self, node: ast.Call, state: str) -> Event:
        given = dict(zip(("skill", "returns"), node.args, strict=False))
        given |= {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        wanted = {"skill", "returns"} if state == "succeeded" else {"skill"}
        if given.keys() != wanted or len(node.args) > len(wanted):
            raise Unreadable(node, f"{state} takes {' and '.join(sorted(wanted, reverse=True))}", _END_FIX)
        name = self._literals.text(given["skill"])
        if not name.isidentifier():
            raise Unreadable(given["skill"], f"{name!r} is no skill's name", _END_FIX)
        return Event(name=f"{state}:{name}")

    def _every(self, node: ast.expr) -> Every:
        interval = self._literals.duration(node)
        if interval < timedelta(seconds=1):
            raise Unreadable(node, f"an interval of {interval} is too short", "Use at least a second.")
        if interval > LONGEST_INTERVAL:
            fix = f"Use at most {LONGEST_INTERVAL.days} days, or a cron."
            raise Unreadable(node, f"an interval of {interval} is too long", fix)
        return Every(seconds=interval.total_seconds())

    def _at(self, node: ast.expr) -> At:
        when = self._literals.moment(node)
        if when.year >= TOO_FAR.year:
            raise Unreadable(node, f"the year {when.year} is too far away", f"Use one before {TOO_FAR.year}.")
        return At(when=when)


def check_cron(node: ast.expr, expression: str) -> None:
    """Raises `Unreadable` unless it is a cron that fires at all."""
    try:
        next(read_cron(expression))
    except NotACron as error:
        raise Unreadable(node, str(error), _CRON_FIX) from error
    except StopIteration as error:
        raise Unreadable(node, f"cron {expression!r} never fires", "Name a date that exists.") from error


def _only(node: ast.Call, name: str) -> ast.expr:
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == name)]
    if len(given) != 1 or len(node.args) + len(node.keywords) != 1:
        raise Unreadable(node, f"{ast.unparse(node.func)} takes exactly one argument", _FIX)
    return given[0]


def _one_field(node: ast.expr) -> str:
    """`service` of `lambda incident: incident.service`."""
    match node:
        case ast.Lambda(
            args=ast.arguments(args=[ast.arg(arg=name)]), body=ast.Attribute(value=ast.Name(id=owner), attr=field)
        ) if name == owner:
            return field
    reason = f"{ast.unparse(node)[:80]} does not name one field of the payload"
    raise Unreadable(node, reason, "Write key=lambda order: order.customer: one field, as it is.")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
