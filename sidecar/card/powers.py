"""What a version may do, in words, and what it may do that another one may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from math import inf

from sidecar.checker.manifest import Event, Manifest
from sidecar.triggers.schedule import runs_a_day

DEARER = 2  # so many times the places that ask the model are no small change any more


def powers(manifest: Manifest) -> tuple[str, ...]:
    """One sentence for each, without its subject."""
    return (
        *(f"reaches {host}" for host in manifest.hosts),
        *(f"reads {path}" for path in manifest.reads),
        *(f"writes {path}" for path in manifest.writes),
        *wants_a_yes(manifest),
    )


def wants_a_yes(manifest: Manifest) -> tuple[str, ...]:
    """The powers for which a person is asked even about a skill's first version."""
    return (
        *(f"sends the secret {name}" for name in manifest.secrets),
        *(f"runs {name}" for name in manifest.commands),
        *(
            f"does {step.step}, which {f'{step.does} and ' * bool(step.does)}cannot be undone"
            for step in manifest.irreversible
        ),
    )


def wider(new: Manifest, old: Manifest) -> tuple[str, ...]:
    """What `new` may do and `old` may not, and what only `old` asks about or is held to."""
    return (*does_more(new, old), *_asks_less(new, old), *_held_to_less(new, old))


def does_more(new: Manifest, old: Manifest) -> tuple[str, ...]:
    """What `new` may do and `old` may not."""
    known = set(powers(old))
    more = (*_more_often(new, old), *_dearer(new, old), *_spends_more(new, old))
    return (*(power for power in powers(new) if power not in known), *more)


def _asks_less(new: Manifest, old: Manifest) -> Iterator[str]:
    """Whether a step that is not declared any more is done plainly now, by another name, or not at all, its code alone
    does not tell."""
    asks = {step.step for step in new.irreversible}
    for name in dict.fromkeys(step.step for step in old.irreversible if step.step not in asks):
        yield f"may do {name} without asking first"


def _held_to_less(new: Manifest, old: Manifest) -> Iterator[str]:
    now = dict(new.expect)
    for name, at_most in old.expect:
        if at_most is not None and (now[name] is None or now[name] > at_most):
            yield f"is no longer held to {_EXPECTED[name](at_most)}"


_EXPECTED: Mapping[str, Callable[[float], str]] = {
    "within": lambda seconds: f"an end within {timedelta(seconds=seconds)}",
    "messages_at_most": lambda number: f"at most {number} notice{'s' * (number != 1)} in a run",
    "silence_at_most": lambda seconds: f"something to report within {timedelta(seconds=seconds)}",
    "same_output_at_most": lambda number: f"at most {number} equal output{'s' * (number != 1)} in a row",
}


def _more_often(new: Manifest, old: Manifest) -> Iterator[str]:
    now, before = scheduled_a_day(new), scheduled_a_day(old)
    if now > before * 1.001:  # sums of thirds
        yield f"is due {_times(now)} a day instead of {_times(before)}"
    known = {event.name: event for event in old.events}
    for event in new.events:
        if event.name not in known:
            yield f"starts {event.words}"
        elif _is_oftener(event, known[event.name]):
            yield f"starts {event.words}: more often than before"


def _dearer(new: Manifest, old: Manifest) -> Iterator[str]:
    now, before = new.model_calls, old.model_calls
    if new.uses_model and (not old.uses_model or now > before * DEARER):
        yield f"asks the model in {now} place{'s' * (now != 1)} of its code instead of {before}"


def _spends_more(new: Manifest, old: Manifest) -> Iterator[str]:
    now, before = (inf if one.budget is None else one.budget for one in (new, old))
    if now > before:
        yield f"{spends(new)} instead of ${before:,.2f}"


def spends(manifest: Manifest) -> str:
    at_most = "whatever the settings allow" if manifest.budget is None else f"${manifest.budget:,.2f} at most"
    return f"spends {at_most} on the model in a run"


def scheduled_a_day(manifest: Manifest) -> float:
    return sum(map(runs_a_day, manifest.timed))


def _is_oftener(now: Event, before: Event) -> bool:
    """In the long run, at once, sooner after the last one, or for each value of a field what was for all together."""
    is_split = now.key not in (None, before.key) and bool(before.rate_limit or before.debounce)
    is_sooner = (now.debounce or 0) < (before.debounce or 0)
    return is_split or is_sooner or _a_second(now) > _a_second(before) or _at_once(now) > _at_once(before)


def _a_second(event: Event) -> float:
    """How many runs it may start."""
    return event.rate_limit.runs / event.rate_limit.seconds if event.rate_limit else inf


def _at_once(event: Event) -> float:
    return event.rate_limit.runs if event.rate_limit else inf


def _times(number: float) -> str:
    return f"{number:,.0f} times" if number >= 10 or number == int(number) else f"{number:.2g} times"
