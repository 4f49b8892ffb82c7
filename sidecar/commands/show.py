"""Rows of the store, as views."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.engine import Connection

from sidecar.client import views
from sidecar.clock import moment
from sidecar.difference import unified
from sidecar.notices.tell import SAID
from sidecar.store import Row
from sidecar.store.schema import (
    approvals,
    attempts,
    blobs,
    effects,
    logs,
    notices,
    runs,
    step_attempts,
    steps,
    versions,
)
from sidecar.store.store import get_blob
from skills.secrets import shown

AT_ONCE = 10  # calls in memory whole
EXCERPT = 100  # characters of an output or a notice in a list of runs


def _when(seconds: float | None) -> Any:
    return None if seconds is None else moment(seconds)


def error_view(stored: Any) -> views.Error | None:
    return views.Error.model_validate(stored) if stored else None


def run_views(connection: Connection, rows: Iterable[Row]) -> list[views.Run]:
    """Runs with what they cost and whom they told, each in one query for all."""
    rows = list(rows)
    if not rows:
        return []
    wanted = [row.id for row in rows]
    costs = dict(
        connection.execute(
            sa.select(effects.c.run, sa.func.sum(effects.c.cost_usd))
            .where(effects.c.run.in_(wanted), effects.c.cost_usd.is_not(None))
            .group_by(effects.c.run)
        ).all()
    )
    told: dict[str, list[str]] = {}
    said = (notices.c.run.in_(wanted), notices.c.kind == SAID)
    for notice in connection.execute(sa.select(notices).where(*said).order_by(notices.c.at)):
        told.setdefault(notice.run, []).append(_excerpt(f"{notice.target}: {notice.text}"))
    return [_run_view(row, costs.get(row.id), tuple(told.get(row.id, ()))) for row in rows]


def new_run_view(row: Row) -> views.Run:
    """A run that has just been created: it has cost nothing, and told nobody."""
    return _run_view(row, None, ())


def _run_view(row: Row, cost: float | None, told: tuple[str, ...]) -> views.Run:
    return views.Run(
        id=row.id,
        skill=row.skill,
        version=row.version,
        state=row.state,
        reason=row.reason,
        trigger=row.trigger,
        created_at=moment(row.created_at),
        started_at=_when(row.started_at),
        ended_at=_when(row.ended_at),
        attempts=row.attempts,
        wake_at=_when(row.wake_at),
        parent=row.parent,
        cost_usd=cost,
        error=error_view(row.error),
        misfire=row.misfire,
        rehearsal=row.rehearsal,
        result=_result(row),
        told=told,
    )


def _result(row: Row) -> str:
    """What came of it, in a few words."""
    if row.nothing_to_report:
        return _excerpt(f"nothing to report: {row.nothing_to_report}")
    output = row.output
    if row.session and isinstance(output, dict) and "text" in output:  # the agent's answer
        output = output["text"]
    if output is None:
        return ""
    return _excerpt(output if isinstance(output, str) else json.dumps(output, ensure_ascii=False))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT else f"{line[:EXCERPT]}…"


def run_detail(connection: Connection, row: Row, step: str | None = None) -> views.RunDetail:
    """What its calls asked and were answered, which can be gigabytes, comes for `step` alone."""
    (run,) = run_views(connection, [row])
    of_run = {table: table.c.run == row.id for table in (steps, step_attempts, attempts, logs, effects)}
    tries: dict[tuple[str, int], list[views.StepAttempt]] = {}
    for item in connection.execute(sa.select(step_attempts).where(of_run[step_attempts]).order_by("number")):
        tries.setdefault((item.name, item.occurrence), []).append(
            views.StepAttempt(
                number=item.number,
                started_at=moment(item.started_at),
                ended_at=_when(item.ended_at),
                outcome=item.outcome,
                error=error_view(item.error),
            )
        )
    children = connection.execute(sa.select(runs).where(runs.c.parent == row.id).order_by(runs.c.seq)).all()
    before = sa.select(runs.c.id).where(runs.c.skill == row.skill, runs.c.seq < row.seq)
    manifest = connection.scalar(sa.select(versions.c.manifest).where(versions.c.hash == row.version)) or {}
    return views.RunDetail(
        run=run,
        input=row.input,
        output=row.output,
        nothing_to_report=row.nothing_to_report,
        steps=tuple(
            _step_view(item, tuple(tries.get((item.name, item.occurrence), ())))
            for item in connection.execute(sa.select(steps).where(of_run[steps]).order_by(steps.c.seq))
        ),
        attempts=tuple(
            views.Attempt(
                number=item.number,
                started_at=moment(item.started_at),
                ended_at=_when(item.ended_at),
                outcome=item.outcome,
                pid=item.pid,
                host=item.host,
                tier=item.tier,
            )
            for item in connection.execute(sa.select(attempts).where(of_run[attempts]).order_by("number"))
        ),
        logs=tuple(
            views.LogLine(
                at=moment(item.at),
                level=item.level,
                step=item.step or None,
                message=item.message,
                fields=item.fields or {},
            )
            for item in connection.execute(sa.select(logs).where(of_run[logs]).order_by(logs.c.at, logs.c.seq))
        ),
        calls=tuple(_calls(connection, of_run[effects], step)),
        children=tuple(run_views(connection, children)),
        before=connection.scalar(before.order_by(runs.c.seq.desc()).limit(1)),
        has_on_failure=bool(manifest.get("has_on_failure")),
    )


def _step_view(item: Row, tries: tuple[views.StepAttempt, ...]) -> views.Step:
    return views.Step(
        name=item.name,
        occurrence=item.occurrence,
        kind=item.kind,
        state=item.state,
        arguments=item.arguments,
        result=item.result,
        error=error_view(item.error),
        started_at=moment(item.started_at),
        ended_at=_when(item.ended_at),
        attempts=tries,
        child=item.child,
    )


def _calls(connection: Connection, of_run: sa.ColumnElement[bool], step: str | None) -> list[views.Call]:
    """One read brings all. Of what was asked and answered it brings what `step` and the summaries need, a few at a
    time."""
    named: sa.ColumnElement[bool] = sa.literal(step == views.EVERY_STEP)
    if step is not None:
        named = named | (effects.c.step == step.partition("#")[0])
    asked, answered = blobs.alias(), blobs.alias()
    wanted = sa.select(effects, asked.c.content.label("asked"), answered.c.content.label("answered"))
    joined = wanted.outerjoin(
        asked, (asked.c.hash == effects.c.request) & (named | (effects.c.kind != "model"))
    ).outerjoin(answered, (answered.c.hash == effects.c.reply) & (named | effects.c.kind.in_(("http", "shell"))))
    in_order = joined.where(of_run).order_by(effects.c.started_at, effects.c.n)
    return [_call_view(row, step) for row in connection.execute(in_order, execution_options={"yield_per": AT_ONCE})]


def _call_view(item: Row, wanted: str | None) -> views.Call:
    step = item.step if item.occurrence == 0 else f"{item.step}#{item.occurrence + 1}"
    request: JsonValue = json.loads(item.asked) if item.asked is not None else None
    reply: JsonValue = json.loads(item.answered) if item.answered is not None else None
    is_wanted = wanted in (step, views.EVERY_STEP)
    return views.Call(
        at=moment(item.started_at),
        step=step,
        attempt=item.attempt,
        kind=item.kind,
        summary=_summary(item, request, reply),
        request=request if is_wanted else None,
        reply=reply if is_wanted else None,
        error=error_view(item.error),
        cost_usd=item.cost_usd,
        seconds=item.ended_at - item.started_at,
        stubbed=item.stubbed,
    )


def _summary(item: Row, request: JsonValue, reply: JsonValue) -> str:
    asked = request if isinstance(request, dict) else {}
    got = reply if isinstance(reply, dict) else {}
    ended = f"failed: {item.error['message']}" if item.error else ""
    if item.stubbed:
        ended = "not sent: a rehearsal"
    if item.kind == "http":
        return f"{asked.get('method')} {shown(asked.get('url', ''))} → {ended or got.get('status')}"
    if item.kind == "shell":
        argv = asked.get("argv")
        called = " ".join(map(str, argv)) if isinstance(argv, list) else ""
        return f"run {called} → {ended or got.get('status')}"
    if item.kind == "files":
        return f"{asked.get('action')} {asked.get('path')}{' → ' * bool(ended)}{ended}"
    return f"model {item.model or ''} → {ended or f'{item.input_tokens} tokens in, {item.output_tokens} out'}"


def version_view(row: Row, card: views.Card | None = None) -> views.Version:
    return views.Version(
        hash=row.hash,
        skill=row.skill,
        state=row.state,
        author=row.author,
        reason=row.reason,
        base=row.base,
        created_at=moment(row.created_at),
        activated_at=_when(row.activated_at),
        card=card,
    )


def stop_view(row: Row) -> views.Stop:
    return views.Stop(skill=row.skill or None, since=moment(row.at), by=row.who, reason=row.why)


def approval_view(row: Row) -> views.Approval:
    return views.Approval(
        id=row.id,
        kind=row.kind,
        run=row.run,
        skill=row.skill,
        question=row.question,
        call=views.BoundCall.model_validate(row.call) if row.call else None,
        target=row.target,
        reason=row.reason,
        hash=row.hash,
        choices=tuple(row.choices or ()),
        asked_at=moment(row.asked_at),
        expires_at=_when(row.expires_at),
        on_expiry=row.on_expiry,
        state=row.state,
        answer=row.answer,
        because=row.answer_reason,
        by=row.answered_by,
        via=row.answered_via,
        answered_at=_when(row.answered_at),
    )


def open_approvals(connection: Connection, now: float) -> list[views.Approval]:
    """Those that can still be answered."""
    rows = connection.execute(sa.select(approvals).where(*_is_open(now)).order_by(approvals.c.asked_at))
    return [approval_view(row) for row in rows]


def how_many_open(connection: Connection, now: float) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(approvals).where(*_is_open(now))) or 0


def _is_open(now: float) -> tuple[sa.ColumnElement[bool], ...]:
    return approvals.c.state == "open", sa.or_(approvals.c.expires_at.is_(None), approvals.c.expires_at > now)


def entry_text(connection: Connection, version: str) -> str:
    """The text of a version's own module."""
    row = connection.execute(sa.select(versions.c.entry, versions.c.files).where(versions.c.hash == version)).one()
    return get_blob(connection, row.files[row.entry]).decode()


def proposal_view(connection: Connection, row: Row) -> views.Proposal:
    known = {item.hash for item in connection.execute(sa.select(versions.c.hash).where(versions.c.skill == row.skill))}
    diff = ""
    if {row.base, row.version} <= known:
        diff = unified(row.skill, entry_text(connection, row.base), entry_text(connection, row.version))
    return views.Proposal(
        id=row.id,
        skill=row.skill,
        state=row.state,
        finding=views.Finding.model_validate(row.finding),
        base=row.base,
        version=row.version,
        reason=row.reason,
        diff=diff,
        created_at=moment(row.created_at),
        decided_at=moment(row.decided_at) if row.decided_at else None,
        decided_by=row.decided_by,
    )
