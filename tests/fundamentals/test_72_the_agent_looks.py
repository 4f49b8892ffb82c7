"""Before it writes a skill for a page, the agent may look at it, as a skill would see it."""

from __future__ import annotations

import pytest

from tests.gateway.web_server import web_server
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import calls, says
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel


def look(talking: LiveSidecar, model: TalkingModel, url: str) -> str:
    """What the tool answered."""
    words = f"What is at {url}"
    model.play(words, calls("look_at", {"url": url}), says("That."))
    talking.ended(talking.client.send(words).id)
    (result,) = model.results(words)
    return result


def test_it_sees_status_type_and_the_beginning_and_nothing_is_repeated(
    talking: LiveSidecar, model: TalkingModel, sink: Sink
) -> None:
    sink.replies["/prices"].append((404, {"why": "é" * 3_000}))
    result = look(talking, model, f"http://{sink.host}/prices")
    head, _, text = result.partition("\n\n")
    assert head == f"GET http://{sink.host}/prices → 404 application/json, 18,011 bytes. It begins:"
    assert text.startswith('{"why": "')
    assert len(text) == 2_000
    assert sink.count("/prices") == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://files.example.com/", "usage: 'ftp://files.example.com/' is no url that can be looked at"),
        ("http://[::1/", "usage: 'http://[::1/' is no url"),
        ("http://someone:secret@127.0.0.1/", "RequestInvalid: "),
        ("http://127.1:1/", "AddressRefused: "),
        (
            "http://169.254.169.254/latest/",
            "AddressRefused: 169.254.169.254 is not looked at: machines keep credentials there",
        ),
        ("http://169.254.169.253.:1/", "AddressRefused: 169.254.169.253 is not looked at"),
        ("http://169\u3002254\u3002169\u3002253:1/", "AddressRefused: 169.254.169.253 is not looked at"),
        ("http://[::ffff:169.254.169.253]:1/", "AddressRefused: ::ffff:169.254.169.253 is not looked at"),
    ],
)
def test_what_a_skill_could_not_reach_is_refused(
    talking: LiveSidecar, model: TalkingModel, url: str, said: str
) -> None:
    assert look(talking, model, url).startswith(said)


def test_a_page_that_leads_to_another_host_is_not_followed_but_named(talking: LiveSidecar, model: TalkingModel) -> None:
    with web_server() as web, web_server() as other:
        result = look(talking, model, f"{web.url}/redirect/{other.url}/echo")
        assert result == f"redirected: {web.url}/redirect/{other.url}/echo leads on to {other.host}. Look there."
