"""What goes where, as one message or several, and what is only counted: on a store alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from sidecar.client import SettingsError, load_settings
from sidecar.notices import outbox as box
from sidecar.notices.alerts import RECOVERED, clear_alert, raise_alert
from sidecar.notices.couriers import take_over
from sidecar.notices.outbox import Message
from sidecar.notices.patience import LOOK_UP_AFTER
from sidecar.notices.targets import SlackTarget, Target, WebhookTarget
from sidecar.notices.tell import Notice, alert, tell
from sidecar.notices.words import TEXT_AT_MOST, text_of, title_of
from sidecar.store import Store
from sidecar.store.schema import outbox
from tests.support.postgresql import database

NOW = 1_790_000_000.0
OPS = SlackTarget(channel="#ops", cool_down=600)
ME = WebhookTarget(url="https://me.example.com/", digest=3600)


class Office:
    """A store with targets, in which a test says things and posts them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = NOW
        self.told: list[Notice] = []
        self.declare(ops=OPS, me=ME)

    def declare(self, *alerts: str, **targets: Target) -> None:
        self.told = self.store.write(lambda connection: take_over(connection, targets, alerts, self.now))

    def say(self, target: str, text: str, skill: str = "x") -> None:
        self.store.write(lambda connection: tell(connection, Notice("r", skill, target, text), self.now))

    def post(self, target: str, *, as_digest: bool = False) -> Message | None:
        """As a courier does, once it is due, and it comes there."""

        def change(connection: sa.Connection) -> Message | None:
            first = box.head(connection, target)
            self.now = max(self.now, first.due_at if first else 0.0)
            message = box.begin(connection, target, self.now, as_digest=as_digest)
            if message:
                box.settle(connection, message.id, "sent", self.now)
            return message

        return self.store.write(change)

    def states(self) -> list[tuple[str, str]]:
        rows = self.store.rows(sa.select(outbox.c.target, outbox.c.state).order_by(outbox.c.seq))
        return [(row.target, row.state) for row in rows]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Store(database(tmp_path)) as store:
        yield Office(store)


def test_the_same_within_the_cool_down_is_counted_and_the_next_says_how_many(office: Office) -> None:
    office.say("ops", "disk is full")
    assert text_of(office.post("ops") or pytest.fail()) == "disk is full"
    for _ in range(14):
        office.now += 30
        office.say("ops", "disk is full")
    office.say("ops", "disk is full", skill="another")
    assert [state for _, state in office.states()] == ["sent", *["counted"] * 14, "waiting"]
    office.post("ops")
    office.now += 600
    office.say("ops", "disk is full")
    assert text_of(office.post("ops") or pytest.fail()) == "disk is full (and 14 more like this)"
    office.now += 601
    office.say("ops", "disk is full")
    assert text_of(office.post("ops") or pytest.fail()) == "disk is full", "they are told of once"


def test_what_is_counted_while_the_first_waits_is_told_with_it(office: Office) -> None:
    for _ in range(3):
        office.say("ops", "down")
    assert text_of(office.post("ops") or pytest.fail()) == "down (and 2 more like this)"
    assert office.post("ops") is None


def test_a_digest_is_one_message_and_due_when_the_first_of_it_is(office: Office) -> None:
    office.say("me", "one")
    office.now += 600
    office.say("me", "two")
    office.say("ops", "elsewhere")
    first = office.store.read(lambda connection: box.head(connection, "me"))
    assert first is not None
    assert first.due_at == NOW + 3600
    message = office.post("me", as_digest=True)
    assert message is not None
    assert (title_of(message), text_of(message)) == ("Tend: 2 notices", "2 notices:\n• x: one\n• x: two")
    assert office.post("me", as_digest=True) is None


def test_a_digest_that_is_tried_again_is_the_same_message(office: Office) -> None:
    office.say("me", "one")
    office.now += 3600
    begun = office.store.write(lambda connection: box.begin(connection, "me", office.now, as_digest=True))
    office.say("me", "later")
    again = office.post("me", as_digest=True)
    assert again is not None
    assert begun is not None
    assert (again.id, text_of(again), again.tries) == (begun.id, "one", 2)
    later = office.post("me", as_digest=True)
    assert later is not None
    assert text_of(later) == "later"


def test_one_that_may_be_there_is_not_sent_before_it_can_be_looked_up_and_is_in_doubt_then(office: Office) -> None:
    office.say("ops", "one")
    begun = office.store.write(lambda connection: box.begin(connection, "ops", office.now, as_digest=False))
    assert begun is not None
    assert not begun.in_doubt
    office.store.write(lambda connection: box.postpone(connection, begun.id, NOW + 3, "lost", begun.begun_at))
    assert office.store.write(lambda connection: box.begin(connection, "ops", NOW + 2, as_digest=False)) is None
    again = office.store.write(lambda connection: box.begin(connection, "ops", NOW + 3, as_digest=False))
    assert again is not None
    assert (again.in_doubt, again.begun_at) == (True, begun.begun_at)


def test_a_long_text_and_a_long_digest_are_cut_and_say_so(office: Office) -> None:
    for number in range(10):
        office.say("me", f"{number}" * 5_000)
    message = office.post("me", as_digest=True)
    assert message is not None
    assert len(text_of(message)) < TEXT_AT_MOST + 200
    assert "… (+2,000 characters: tend notices)" in text_of(message)
    assert text_of(message).endswith("more: tend notices")


def test_a_target_that_is_gone_from_the_settings_fails_what_waits_for_it(office: Office) -> None:
    office.say("me", "too late")
    office.say("me", "also")
    office.declare("ops", ops=OPS)
    assert office.states() == [("me", "failed"), ("me", "failed"), ("ops", "waiting")]
    (told,) = office.told
    assert text_of(office.post("ops") or pytest.fail()) == told.text
    assert told.text.startswith("2 notices did not come to me: the settings have no such target any more.")
    office.declare("ops", ops=OPS)
    assert office.told == []


def test_one_that_was_on_its_way_when_all_ended_is_not_looked_up_at_once(office: Office) -> None:
    office.say("ops", "one")
    office.say("ops", "two")
    office.store.write(lambda connection: box.begin(connection, "ops", office.now, as_digest=False))
    office.now += 60
    office.declare(ops=OPS, me=ME)
    first = office.store.read(lambda connection: box.head(connection, "ops"))
    assert first is not None
    assert first.due_at == office.now + LOOK_UP_AFTER
    again = office.post("ops")
    assert again is not None
    assert (again.in_doubt, text_of(again)) == (True, "one")
    last = office.store.read(lambda connection: box.head(connection, "ops"))
    assert last is not None
    assert last.due_at == NOW


def test_an_alert_goes_to_those_who_want_it_once_and_once_more_when_it_is_well(office: Office) -> None:
    office.declare("ops", "me", ops=OPS, me=ME)
    wrong = alert("undelivered", skill="tend", text="ops is away")
    well = alert(RECOVERED, skill="tend", text="ops is back")

    def tell_all(connection: sa.Connection) -> list[bool]:
        raised = [raise_alert(connection, "ops", wrong, NOW, but_not="ops") for _ in range(3)]
        cleared = [clear_alert(connection, "ops", "undelivered", well, NOW) for _ in range(2)]
        return [*raised, *cleared]

    assert office.store.write(tell_all) == [True, False, False, True, False]
    assert [target for target, _ in office.states()] == ["me", "ops", "me"]


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('[targets.x]\nkind = "pigeon"', "pigeon"),
        ('[targets.x]\nkind = "slack"', "channel"),
        ('[targets.x]\nkind = "webhook"\nurl = "http://example.com"', "https:// is wanted"),
        ('[targets.x]\nkind = "webhook"\nurl = "https://me:pw@example.com"', "no user name or password"),
        ('[targets.x]\nkind = "slack"\nchannel = "#x"\ndigest = "soon"', 'like "90s", "10m" or "1h"'),
        ('[targets.x]\nkind = "slack"\nchannel = "#x"\ntoken = "xoxb-1"', "token"),
        ('[targets.alerts]\nkind = "slack"\nchannel = "#x"', "can't be a target's name"),
        ('alerts = ["ops"]', r"there is no target 'ops'. Name one with \[targets.ops\]"),
        (
            '[targets.x]\nkind = "email"\nto = "a@b.de"\nfrom = "c@d.de"\nhost = "mail.example.com"\nsecurity = "none"',
            "on this machine",
        ),
    ],
)
def test_a_target_that_cannot_be_used_is_refused_with_what_is_wanted(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "tend.toml").write_text(toml)
    with pytest.raises(SettingsError, match=said):
        load_settings(workspace=tmp_path, environment={})
