"""The loop: the model is asked, its calls are carried out, until it has answered."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from harness.agent.limits import CUTS, MAX_TOKENS, MODEL_CALLS, REQUEST, ROOM, SAME_RESULTS
from harness.agent.memory import ApiMessage, Block
from harness.agent.message import Ended, Reply
from harness.agent.model import ModelReply, ask_model
from harness.agent.room import shorten_results, size
from harness.agent.tools.tool import Outcome
from harness.agent.tools.toolbox import Toolbox
from skills.errors import StepFailed
from skills.trusted import Trusted

GO_ON = (
    "That reply was cut at the token limit; calls in it were not carried out. Go on from where it stopped, in "
    "smaller pieces: write a long skill in a short form first and extend it with edit_skill."
)
AGAIN = (
    "[The same as before. If it comes once more without a change in between, this turn is stopped. What takes its time "
    "can't be waited for here: say how it stands, and that the person may ask later.]"
)


class TurnEnds(Exception):
    """Leaves the loop with the agent's last words."""

    def __init__(self, ended: Ended, words: str) -> None:
        super().__init__(words)
        self.ended = ended
        self.words = words


class Turn:
    """One message on its way to the reply. `messages` grows in the Messages API's shape, the person's message first."""

    def __init__(self, run: Trusted, system: list[str], history: Sequence[ApiMessage], toolbox: Toolbox) -> None:
        self._run = run
        self._system = system
        self._history = list(history)
        self._toolbox = toolbox
        self._offer = toolbox.offer()
        self._model_calls = 0
        self._done: Counter[str] = Counter()  # calls that changed something, with what came of them
        self._seen: Counter[str] = Counter()  # the others, since then
        self._cut_off: list[str] = []  # what replies that were cut had said
        self._receipts: list[str] = []
        self.messages: list[ApiMessage] = []

    def answer(self, text: str) -> Reply:
        """The loop. It always ends in words for the person."""
        self._say("user", text)
        try:
            while True:
                self._take(self._ask())
        except TurnEnds as end:
            self._say("assistant", end.words)
            words = "\n".join([*filter(None, self._cut_off), end.words])
            return Reply(text=words, ended=end.ended, model_calls=self._model_calls)

    def _ask(self) -> ModelReply:
        if self._model_calls == MODEL_CALLS:
            raise self._stop("limit", f"I stopped after {MODEL_CALLS} model calls without getting to the end.")
        request = self._request()
        self._model_calls += 1
        try:
            return ask_model(self._run, request, max_tokens=MAX_TOKENS)
        except StepFailed as error:
            raise self._stop("model_failed", f"I could not go on: {error.message}") from error

    def _request(self) -> dict[str, Any]:
        """Where it is too long, the oldest results of this turn make room."""
        around = size([self._system, self._history, self._offer])
        if around + size(self.messages) > REQUEST:
            shorten_results(self.messages, ROOM - around)
        if (whole := around + size(self.messages)) > REQUEST:
            raise self._stop("limit", f"I stopped: {whole:,} bytes are more than I can take in at once ({REQUEST:,}).")
        return {"system": self._system, "messages": self._history + self.messages, "tools": self._offer}

    def _take(self, reply: ModelReply) -> None:
        match reply.stop_reason:
            case "tool_use" if reply.calls:
                self._say("assistant", reply.content)
                self._say("user", [self._use(call) for call in reply.calls])
                self._stop_going_in_circles()
            case "pause_turn":
                self._say("assistant", reply.content)
            case "max_tokens" | "model_context_window_exceeded":
                self._go_on_after_cut(reply)
            case "refusal":
                raise self._stop("refused", "The model declined to go on with this. Please put it differently.")
            case _ if reply.text:
                raise TurnEnds("answered", reply.text)
            case _:
                raise self._stop("answered", "I have nothing to add.")

    def _use(self, call: Block) -> Block:
        name, given = call["name"], call["input"]
        outcome = self._toolbox.use(name, given)
        changes = self._toolbox.changes(name)
        if changes:
            self._receipts.append(f"- {name}: {outcome.text.splitlines()[0]}")
        told = outcome.text
        if self._times(name, given, outcome, changed=changes and not outcome.is_error) == SAME_RESULTS - 1:
            told = f"{told}\n{AGAIN}"
        result: Block = {"type": "tool_result", "tool_use_id": call["id"], "content": told}
        return {**result, "is_error": True} if outcome.is_error else result

    def _times(self, name: str, given: object, outcome: Outcome, *, changed: bool) -> int:
        """How often the same came of the same call; after a change, a look at what there is begins anew."""
        if changed:
            self._seen.clear()
        counted = self._done if changed else self._seen
        same = json.dumps([name, given, outcome.text], sort_keys=True)
        counted[same] += 1
        return counted[same]

    def _stop_going_in_circles(self) -> None:
        if max([*self._seen.values(), *self._done.values()]) >= SAME_RESULTS:
            raise self._stop(
                "no_progress", f"I stopped: the same call gave the same result {SAME_RESULTS} times, so I was stuck."
            )

    def _go_on_after_cut(self, reply: ModelReply) -> None:
        """Keep the words of a reply that was cut, and nothing else: a call in it may have lost a part of its input."""
        if len(self._cut_off) == CUTS or reply.stop_reason != "max_tokens":
            raise self._stop("cut", f"{reply.text}\nI stopped here: my reply got too long for the model.".strip())
        self._say("assistant", reply.text or "(cut)")
        self._say("user", GO_ON)
        self._cut_off.append(reply.text)

    def _stop(self, ended: Ended, why: str) -> TurnEnds:
        """An end that is not the model's own: it says why, and what was done until then."""
        done = "\n".join(["What I did until then:", *self._receipts]) if self._receipts else "I changed nothing."
        return TurnEnds(ended, f"{why}\n{done}")

    def _say(self, role: str, content: str | list[Block]) -> None:
        self.messages.append({"role": role, "content": content})
