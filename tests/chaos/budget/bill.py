"""A model that keeps its own books: what it was asked, what it served, and what that costs."""

from __future__ import annotations

import threading
from collections import Counter
from random import Random

from harness.demo.scripted_model import Cut, Fault, Request, Reset, ScriptedModel, Status, Turn
from harness.demo.turns import events

PRICE = 6.0  # USD per million tokens: the setting fallback_price, since nobody knows the price of a script
LONGEST = 12_000  # characters of an answer; four are a token


class Bill:
    """`usd` counts all that was served, also to a client that did not live to read it. What is said to whom depends on
    the request and on how often it came, not on when."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._guard = threading.Lock()
        self._asked: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()  # by the word that begins a request's prompt
        self.model = ScriptedModel(self._serve)

    def usd(self, word: str) -> float:
        with self._guard:
            return self._tokens[word] * PRICE / 1_000_000

    def asked(self, word: str) -> int:
        with self._guard:
            return self._asked[word]

    def _serve(self, request: Request) -> Turn:
        prompt = str(request["messages"][0]["content"])
        word = prompt.split()[0]
        with self._guard:
            self._asked[word] += 1
            self._asked[prompt] += 1
            chance = Random(f"{self._seed} {prompt} {self._asked[prompt]}")
        turn = Turn(text="a" * chance.randint(200, LONGEST), fault=_fault(chance))
        if not isinstance(turn.fault, Status):  # a refusal is not billed
            with self._guard:
                self._tokens[word] += _tokens(request, turn)
        return turn


def _fault(chance: Random) -> Fault | None:
    faults: list[Fault | None] = [Status(529), Cut(after=chance.randint(1, 20)), Reset(after=chance.randint(1, 20))]
    return chance.choice(faults + [None] * 12)


def _tokens(request: Request, turn: Turn) -> int:
    """As the reply's usage says, whether or not all of it arrives."""
    whole = list(events(turn, 1, request))
    usage = [whole[0]["message"]["usage"]["input_tokens"], whole[-2]["usage"]["output_tokens"]]
    return int(sum(usage))
