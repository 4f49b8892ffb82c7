"""The command line, `tend`: what people type, and what they read.

    words typed ─► app ─► commands/ ─► sidecar.client ─► pages/ ─► console ─► screen or pipe
                             │
                             ├─► chat/       the conversation with the agent
                             └─► supervisor  `tend up`: keeps the sidecar running

A command gets its `Terminal` (settings, client, where to print), asks the client, and prints a page of the answer, or
the answer as JSON. What goes wrong is a `Failure`: an exit code, a sentence and the next command to type.
"""

from __future__ import annotations

from harness.cli.app import main

__all__ = ["main"]
