"""`tend web`: a link to the pages."""

from __future__ import annotations

from harness.cli.failure import Failure
from harness.cli.terminal import Terminal, with_terminal


@with_terminal
def web(terminal: Terminal) -> None:
    """A link that opens the pages in a browser. It works once, within ten minutes; then the browser stays known."""
    from harness.web.access import new_link

    if not terminal.settings.web_port:
        raise Failure("no pages are served: web_port is 0", next_="TEND_WEB_PORT=8360 tend up", type_="usage")
    terminal.client.status()  # without a sidecar there is nothing to see
    link = new_link(terminal.settings)
    if terminal.as_json:
        terminal.answer_json({"link": link})
    else:
        terminal.out.print(link, soft_wrap=True)
