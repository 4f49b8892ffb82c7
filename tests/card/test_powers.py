"""What one version may do that another may not; how often a schedule is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sidecar.card.powers import wants_a_yes, wider
from sidecar.checker.manifest import At, Cron, Event, Every, Irreversible, Manifest, RateLimit, Timed
from sidecar.triggers.schedule import Schedule, runs_a_day

HOURLY = Cron(expression="0 * * * *")
PAY = Irreversible(step="pay", asks=("Pay?",))


def manifest(**declared: object) -> Manifest:
    return Manifest.model_validate({"name": "a", "purpose": "A.", "takes_input": False} | declared)


LIMITED = Event(name="order", rate_limit=RateLimit(runs=2, seconds=60))


@pytest.mark.parametrize(
    ("more", "less", "said"),
    [
        ({"hosts": ["a.example", "b.example"]}, {"hosts": ["a.example"]}, "reaches b.example"),
        ({"writes": ["reports/**"]}, {"writes": ["reports/a.txt"]}, "writes reports/**"),
        ({"reads": ["data/*.csv"]}, {}, "reads data/*.csv"),
        (
            {"irreversible": [PAY]},
            {"irreversible": [Irreversible(step="pay", does="pays")]},
            "does pay, which cannot be undone",
        ),
        ({"irreversible": [PAY]}, {}, "does pay, which cannot be undone"),
        ({}, {"irreversible": [PAY]}, "may do pay without asking first"),
        ({}, {"expect": {"within": 300}}, "is no longer held to an end within 0:05:00"),
        (
            {"expect": {"messages_at_most": 5}},
            {"expect": {"messages_at_most": 0}},
            "is no longer held to at most 0 notices in a run",
        ),
        (
            {"expect": {"silence_at_most": 7200}},
            {"expect": {"silence_at_most": 3600}},
            "is no longer held to something to report within 1:00:00",
        ),
        (
            {"expect": {"within": 300}},
            {"expect": {"within": 300, "same_output_at_most": 20}},
            "is no longer held to at most 20 equal outputs in a row",
        ),
        ({"triggers": [HOURLY]}, {}, "is due 24 times a day instead of 0 times"),
        ({"triggers": [Every(seconds=1800)]}, {"triggers": [HOURLY]}, "is due 48 times a day instead of 24 times"),
        ({"triggers": [Event(name="order")]}, {}, "starts on order"),
        ({"triggers": [Event(name="order")]}, {"triggers": [LIMITED]}, "starts on order: more often than before"),
        (
            {"triggers": [Event(name="order", rate_limit=RateLimit(runs=336, seconds=336 * 3600))]},
            {"triggers": [Event(name="order", rate_limit=RateLimit(runs=1, seconds=3600))]},
            "starts on order, at most 336 within 14 days, 0:00:00: more often than before",
        ),
        (
            {"triggers": [LIMITED.model_copy(update={"key": "shop"})]},
            {"triggers": [LIMITED]},
            "starts on order, at most 2 within 0:01:00: more often than before",
        ),
        (
            {"triggers": [Event(name="order", debounce=60, key="shop")]},
            {"triggers": [Event(name="order", debounce=60)]},
            "starts on order, once quiet for 0:01:00: more often than before",
        ),
        (
            {"triggers": [Event(name="order", debounce=30)]},
            {"triggers": [Event(name="order", debounce=60)]},
            "starts on order, once quiet for 0:00:30: more often than before",
        ),
        (
            {"triggers": [Event(name="order")]},
            {"triggers": [Event(name="order", debounce=60)]},
            "starts on order: more often than before",
        ),
        ({"uses_model": True, "model_calls": 1}, {}, "asks the model in 1 place of its code instead of 0"),
        (
            {"uses_model": True, "model_calls": 5},
            {"uses_model": True, "model_calls": 2},
            "asks the model in 5 places of its code instead of 2",
        ),
        ({"budget": 0.5}, {"budget": 0.2}, "spends $0.50 at most on the model in a run instead of $0.20"),
        ({}, {"budget": 0.2}, "spends whatever the settings allow on the model in a run instead of $0.20"),
    ],
)
def test_what_is_wider_says_so_and_what_is_not_does_not(
    more: dict[str, object], less: dict[str, object], said: str
) -> None:
    new, old = manifest(**more), manifest(**less)
    assert wider(new, old) == (said,)
    assert said not in wider(old, new)
    assert not wider(new, new)


def test_a_little_more_of_the_model_is_not_wider() -> None:
    twice, once = (manifest(uses_model=True, model_calls=number) for number in (2, 1))
    assert not wider(twice, once)


def test_what_a_first_version_has_to_ask_for() -> None:
    said = wants_a_yes(manifest(irreversible=[PAY], secrets=["KEY"]))
    assert said == ("sends the secret KEY", "does pay, which cannot be undone")
    assert not wants_a_yes(manifest(hosts=["a.example"], writes=["b"], uses_model=True, triggers=[HOURLY]))


YEAR = timedelta(weeks=52)


@pytest.mark.parametrize(
    "trigger",
    [
        Cron(expression="*/20 8-20 * * 1-5"),
        Cron(expression="0 9 * * 1"),
        Cron(expression="30 4 1,15 * *"),
        Cron(expression="5 */6 * * *"),
        Every(seconds=7200),
    ],
)
def test_how_often_a_day_is_what_comes_due_in_a_year(trigger: Timed) -> None:
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    schedule = Schedule(trigger, "UTC")
    due = 0
    for slot in schedule.after(begin.timestamp() - 1):
        if slot.due >= (begin + YEAR).timestamp():
            break
        due += 1
    assert runs_a_day(trigger) == pytest.approx(due / YEAR.days)


def test_what_is_due_once_counts_as_nothing() -> None:
    assert runs_a_day(At(when=datetime(2027, 1, 31, 9, tzinfo=ZoneInfo("Europe/Berlin")))) == 0
