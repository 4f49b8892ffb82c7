"""Where other machines send what they have to say."""

from __future__ import annotations

from harness.cli.failure import USAGE, Failure
from harness.cli.terminal import Terminal


def pages_url(terminal: Terminal) -> str:
    """Asked for before a key is made: one that is shown once is not to be lost to a setting."""
    from harness.web.place import NotServed, place_of

    try:
        return place_of(terminal.settings).url
    except NotServed as error:
        raise Failure(str(error), next_=terminal.command("doctor"), type_="settings", code=USAGE) from error
