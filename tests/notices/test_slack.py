"""A notice comes to Slack once, in its order, whatever happens on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from sidecar.gateway.requests import NoticeRequest
from sidecar.gateway.senders.slack import post
from sidecar.notices.targets import SlackTarget
from tests.notices.stage import comes_to_be, postings, say, with_targets
from tests.support.live_sidecar import LiveSidecar
from tests.support.slack import TOKEN, Slack
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def slack() -> Iterator[Slack]:
    with Slack(ops="C0OPS", deals="C0DEALS") as server:
        yield server


@pytest.fixture(scope="module")
def sidecar(slack: Slack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    with with_targets(tmp_path_factory.mktemp("slack"), f"[targets.ops]\n{slack.settings}") as live:
        yield live


def texts(slack: Slack, begin: str) -> list[str]:
    return [text for text in slack.texts() if text.startswith(begin)]


def test_notices_come_in_their_order(sidecar: LiveSidecar, slack: Slack) -> None:
    said = say(sidecar, "ops", "order 1", "order 2", "order 3")
    for notice in said:
        assert comes_to_be(sidecar, notice, "sent").tries == 1
    assert texts(slack, "order") == ["order 1", "order 2", "order 3"]
    assert {post.delivery for post in slack.posts() if post.text.startswith("order")} == {
        posting.id for notice in said for posting in postings(sidecar, notice)
    }


def test_a_channel_by_its_name_is_posted_to_by_the_first_slack_target(sidecar: LiveSidecar, slack: Slack) -> None:
    (notice,) = say(sidecar, "#deals", "channel: bread is down")
    comes_to_be(sidecar, notice, "sent")
    assert [post.channel for post in slack.posts() if post.text.startswith("channel")] == ["C0DEALS"]


def test_a_text_calls_nobody(sidecar: LiveSidecar, slack: Slack) -> None:
    (notice,) = say(sidecar, "ops", "calls <!channel> & co")
    comes_to_be(sidecar, notice, "sent")
    assert texts(slack, "calls") == ["calls &lt;!channel&gt; &amp; co"]


def test_a_name_that_no_target_has_is_kept_and_shown(sidecar: LiveSidecar) -> None:
    (notice,) = say(sidecar, "nobody", "kept here")
    assert postings(sidecar, notice) == ()
    assert notice.target == "nobody"


def test_a_lost_reply_is_looked_up_and_not_sent_again(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.fail("chat.postMessage", "reply lost")
    looked = slack.asked("conversations.history")
    first, second = say(sidecar, "ops", "lost reply 1", "lost reply 2")
    comes_to_be(sidecar, first, "sent")
    comes_to_be(sidecar, second, "sent")
    assert texts(slack, "lost reply") == ["lost reply 1", "lost reply 2"]
    assert slack.asked("conversations.history") == looked + 1


def test_a_lost_reply_is_looked_up_in_a_private_channel_too(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.private.add("deals")
    slack.fail("chat.postMessage", "reply lost")
    (notice,) = say(sidecar, "#deals", "lost in private")
    comes_to_be(sidecar, notice, "sent")
    assert texts(slack, "lost in private") == ["lost in private"]


def test_a_text_that_is_longer_once_it_is_escaped_comes_whole(sidecar: LiveSidecar, slack: Slack) -> None:
    (notice,) = say(sidecar, "ops", f"long: {'&' * 2_900} end")
    comes_to_be(sidecar, notice, "sent")
    assert texts(slack, "long") == [f"long: {'&amp;' * 2_900} end"]


def test_what_is_too_long_for_slack_says_that_it_is_cut(slack: Slack) -> None:
    target = SlackTarget(channel="C0OPS", base_url=slack.base_url)
    text = f"too long: {'&' * 9_000} end"
    request = NoticeRequest(action="send", target="ops", message="1" * 16, title="", text=text)
    assert post(target, TOKEN, request).state == "sent"
    (text,) = texts(slack, "too long")
    assert len(text) <= 40_000
    assert re.fullmatch(r"too long: (&amp;)+\n… The rest is too long for Slack: tend notices", text)


def test_a_request_that_was_lost_is_looked_up_and_sent_again(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.fail("chat.postMessage", "request lost")
    (notice,) = say(sidecar, "ops", "lost request")
    assert comes_to_be(sidecar, notice, "sent").tries == 2
    assert texts(slack, "lost request") == ["lost request"]


def test_what_it_says_of_too_many_requests_is_heeded(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.fail("chat.postMessage", (429, "ratelimited", {"retry-after": "3"}))
    (notice,) = say(sidecar, "ops", "too many")
    waits = wait_until(
        lambda: next((one for one in postings(sidecar, notice) if one.reason), None), "it is told why it waits"
    )
    assert waits.reason == "Slack says: ratelimited"
    sent = comes_to_be(sidecar, notice, "sent")
    assert sent.ended_at is not None
    assert (sent.ended_at - notice.at).total_seconds() >= 3
    assert texts(slack, "too many") == ["too many"]


def test_an_outage_delays_and_loses_nothing(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.go_away()
    said = say(sidecar, "ops", "outage 1", "outage 2")
    wait_until(lambda: postings(sidecar, said[0])[0].tries >= 2, "it is tried again")
    slack.come_back()
    for notice in said:
        comes_to_be(sidecar, notice, "sent")
    assert texts(slack, "outage") == ["outage 1", "outage 2"]


def test_what_cannot_be_looked_up_is_ambiguous_until_a_person_says(sidecar: LiveSidecar, slack: Slack) -> None:
    slack.fail("chat.postMessage", "reply lost")
    slack.fail("conversations.history", (200, "missing_scope", {}))
    (notice,) = say(sidecar, "ops", "ambiguous")
    asked = comes_to_be(sidecar, notice, "ambiguous")
    assert (asked.reason or "").endswith("; Slack says: missing_scope")
    (told,) = [one for one in sidecar.client.notices() if one.kind == "undelivered" and asked.id in one.text]
    assert f"tend notices retry {asked.id}" in told.text
    assert told.postings == (), "not to the target that it is about"
    sidecar.client.retry_posting(asked.id)
    comes_to_be(sidecar, notice, "sent")
    assert [post.delivery for post in slack.posts() if post.text == "ambiguous"] == [asked.id, asked.id]


def test_what_is_refused_has_failed_and_can_be_dropped(sidecar: LiveSidecar, slack: Slack) -> None:
    (notice,) = say(sidecar, "#nowhere", "refused")
    failed = comes_to_be(sidecar, notice, "failed")
    assert (failed.tries, failed.reason) == (1, "Slack says: channel_not_found")
    assert sidecar.client.drop_posting(failed.id[:12]).state == "dropped"
