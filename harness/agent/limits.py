"""How much at most. Wherever one of these cuts, the text says so at that place."""

from __future__ import annotations

# One turn: from a message to the reply.
MODEL_CALLS = 40
SAME_RESULTS = 3  # so many identical calls with identical results, and no change in between, are no progress
CUTS = 3  # replies in one turn that reached MAX_TOKENS
MAX_TOKENS = 32_000  # of one reply: thinking, and a whole skill with its explanation

# What the model is shown, in characters.
TOOL_RESULT = 12_000
SOURCE = 40_000  # a source is shown whole as far as possible, since an edit quotes it
SOUL = 4_000
USER = 4_000
MEMORY = 12_000
NOTES = 8_000
SKILLS = 12_000
EVIDENCE = 12_000

# What is kept as a step, in bytes.
REQUEST = 700_000  # that the model is asked
ROOM = 500_000  # to which it is brought down when it is more, so that it need not be at each call
REMEMBERED = 300_000  # of one turn
SHORT = 500  # characters of a result that has made room
WORDS = 20_000  # characters of a person's message, and of the answer, where all of the turn is too long

# The conversation so far, in tokens (estimated as four bytes each).
HISTORY_TOKENS = 60_000
SUMMARY_TOKENS = 16_000  # thinking included
