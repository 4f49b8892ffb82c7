"""From a page's data to HTML. Templates escape everything; what the agent or a skill wrote is text and never HTML."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from pydantic import BaseModel
from starlette.responses import HTMLResponse

from harness import words
from harness.web.form import fields
from harness.web.side_by_side import key_of
from harness.web.strip import strip
from harness.web.told import apart_from, linked, soft, waits_for
from harness.web.waterfall import spent, waterfall
from sidecar.client import views

CONTROLS = {code: f"\\u{code:04x}" for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
SHORT = 8  # letters of an id that are shown; the whole is in the link


def page(template: str, zone: str, path: str, data: BaseModel, *, since: int, waiting: int) -> HTMLResponse:
    """`path` is the address that the page is at: the part of the navigation that it stands under is marked. `since` is
    the last moment that was known of before the data was gathered; `waiting`, how many approvals were open."""
    told = words.Words(now=datetime.now(UTC), zone=zone)
    text = _environment().get_template(template)
    return HTMLResponse(text.render(page=data, words=told, at=path, since=since, waiting=waiting))


def error_page(status: int, type_: str, detail: str) -> HTMLResponse:
    return _plain("error.html", status, type=type_.replace("_", " "), detail=detail)


def login_page(status: int = 200, detail: str = "") -> HTMLResponse:
    return _plain("login.html", status, detail=detail)


def _plain(template: str, status: int, **more: str) -> HTMLResponse:
    told = words.Words(now=datetime.now(UTC), zone="UTC")
    text = _environment().get_template(template).render(status=status, words=told, at="", since=0, waiting=0, **more)
    return HTMLResponse(text, status)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("harness.web"),
        autoescape=True,
        finalize=_seen,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "when": _when,
        "weekday": lambda at, told: told.weekday(at),
        "tuple": tuple,
        "short": lambda text: text[:SHORT],
        "soft": soft,
        "linked": partial(linked, short=SHORT),
        "apart_from": apart_from,
        "waits_for": waits_for,
        "count": words.count,
        "money": words.money,
        "duration": words.duration_of,
        "json": _json,
        "exact": lambda text: Exact(escape(text)),
        "symbol": lambda state: words.SYMBOLS.get(state, ("·", ""))[0].replace("⏸", "‖"),  # few fonts have it
    }
    made.globals |= {
        "strip": strip,
        "waterfall": waterfall,
        "spent_by": spent,
        "key_of": key_of,
        "looked_through": views.LOOKED_THROUGH,
        "fields": fields,
        "version": version("tend-harness"),
    }
    return made


class Exact(Markup):
    """What is edited or sent back: to the last letter."""


def _seen(value: Any) -> Any:
    """Which way a text runs is what its letters say: what would turn it around is shown, and turns nothing."""
    return value.translate(CONTROLS) if isinstance(value, str) and not isinstance(value, Exact) else value


def _when(at: datetime | None, told: words.Words) -> Markup:
    """`4 min ago`, with the exact time on hover."""
    if at is None:
        return Markup("—")
    text = f'<time datetime="{at.isoformat()}" title="{told.exact(at)}">{told.relative(at)}</time>'
    return Markup(text)  # noqa: S704 # times alone; a list of runs has hundreds, and `Markup.format` takes a third of it


def _json(value: Any) -> Markup:
    """As a person reads it: a text as it is, anything else indented."""
    return escape(value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False))
