"""kill -9 while a sentence in the chat becomes a skill: asked, written, refused, mended, live, answered."""

from __future__ import annotations

import pytest

from sidecar.client import views
from tests.crash.story import Struck, broken_connections
from tests.support.live_sidecar import LiveSidecar
from tests.support.scripted_author import says, writes
from tests.support.talking_model import TalkingModel

pytestmark = broken_connections

GREETER = '''"""Say hello."""

from skills import Run, skill


@skill()
def NAME(run: Run) -> str:
    return "hello"
'''

POINTS = [
    ("chat.sent", 1),
    ("requests.command.before", 1),  # the recall
    ("requests.command.performed", 2),  # the first write
    ("skills.write.intended", 2),
    ("skills.write.written", 2),
    ("gate.checked", 2),
    ("gate.activated", 1),
    ("requests.command.performed", 4),  # the transcript
    ("effects.perform.after", 1),
    ("journal.finish.after", 1),
    ("worker.effect.after", 2),
    ("worker.end.before", 1),
    ("gateway.model.after", 2),
]
UNCOMMITTED = ("effects.", "journal.finish.before", "worker.effect.after", "gateway.model.after")  # the reply was lost


@pytest.mark.parametrize(("point", "times"), POINTS)
def test_a_message_is_answered_and_no_stored_reply_is_asked_for_again(
    talking: LiveSidecar, model: TalkingModel, point: str, times: int
) -> None:
    name = f"greeter_{point.replace('.', '_')}_{times}"
    text = GREETER.replace("NAME", name)
    wrong = text.replace('"hello"', "42")
    words = f"Write {name}, please."
    model.play(words, writes(name, wrong), writes(name, text, base=wrong), says(f"{name} is live."))
    struck = Struck(talking, point, times)

    detail = struck.ended(send_once(struck, words).id)

    assert [entry.text for entry in said(talking, detail.run.id)] == [words, f"{name} is live."]
    assert talking.active(name) is not None
    assert talking.file(name).read_text() == text
    assert [version.state for version in talking.client.history(name)] == ["active", "refused"]
    asked = len(model.requests(words))
    assert 3 <= asked <= 3 + point.startswith(UNCOMMITTED), f"the model was asked {asked} times"
    refused, live = model.results(words)
    assert refused.startswith(f"Refused: {name}")
    assert live.startswith(f"Live: {name}")


def send_once(struck: Struck, words: str) -> views.Run:
    """A person says it, and looks whether it was heard before they say it again."""
    sidecar = struck.sidecar
    heard = struck.say(lambda: sidecar.client.send(words))
    return heard or struck.until(lambda: run_of(sidecar, words) or sidecar.client.send(words), "the message is stored")


def run_of(sidecar: LiveSidecar, words: str) -> views.Run | None:
    runs = sidecar.client.runs(skill="agent")
    return next((run for run in runs if words in str(sidecar.client.run(run.id).input)), None)


def said(sidecar: LiveSidecar, run: str) -> list[views.TranscriptEntry]:
    """All that was said on both sides in the run's session."""
    spoken = [sidecar.client.transcript(session.id) for session in sidecar.client.sessions()]
    return next(entries for entries in spoken if run in {entry.run for entry in entries})
