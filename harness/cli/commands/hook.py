"""`tend hook …`: webhooks, by which other services say that something has happened."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.commands.pages_url import pages_url
from harness.cli.commands.typed_secret import typed_secret
from harness.cli.failure import Failure
from harness.cli.terminal import Terminal, with_terminal
from harness.words import Words

if TYPE_CHECKING:
    from harness.web.doors.hooks import Hook

group = typer.Typer(name="hook", help="Webhooks: other services say that something has happened.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Its event is hook.NAME.", show_default=False)]
Given = Annotated[bool, typer.Option("--given", help="Ask for the key, or read it from stdin: the sender gave it.")]


@group.command()
@with_terminal
def add(
    terminal: Terminal,
    name: Name,
    given: Given = False,
    github: Annotated[bool, typer.Option("--github", help="Signed as GitHub does, and Gitea.")] = False,
) -> None:
    """Take webhooks of this name. The key is shown once: give it to the sender."""
    from harness.web.doors.hooks import Hooks, NotADoor

    url = pages_url(terminal)
    key = typed_secret(f"Key of {name}") if given else None
    try:
        hook = Hooks(terminal.settings.store).add(name, "github" if github else "standard", key)
    except NotADoor as error:
        raise Failure(str(error), next_=terminal.command("hook list"), type_="usage") from error
    _tell(terminal, hook, url, given=given)
    terminal.client.changed_door("add webhook", name)


@group.command("list")
@with_terminal
def list_hooks(terminal: Terminal) -> None:
    """Every webhook: how it is signed, and what it is called. No keys."""
    from harness.cli.pages.layout import table
    from harness.web.doors.hooks import Hooks

    found = Hooks(terminal.settings.store).all()
    if terminal.as_json:
        terminal.answer_json([_plain(hook) for hook in found])
        return
    if not found:
        terminal.out.print(f"No webhooks yet. Take some with: {terminal.command('hook add NAME')}")
        return
    made = table("event", "+address", "signed", "keys")
    url = pages_url(terminal)
    for hook in found:
        made.add_row(hook.event, f"{url}/hooks/{hook.name}", hook.scheme, _keys(hook, terminal.words))
    terminal.out.print(made)


@group.command()
@with_terminal
def rotate(terminal: Terminal, name: Name, given: Given = False) -> None:
    """Make a new key. The old one is good for another day, so that the sender can be told meanwhile."""
    from harness.web.doors.hooks import Hooks, NotADoor

    url = pages_url(terminal)
    key = typed_secret(f"New key of {name}") if given else None
    try:
        hook = Hooks(terminal.settings.store).rotate(name, key)
    except NotADoor as error:
        raise Failure(str(error), next_=terminal.command("hook list"), type_="usage") from error
    _tell(terminal, hook, url, given=given)
    terminal.client.changed_door("rotate webhook", name)


@group.command()
@with_terminal
def rm(terminal: Terminal, name: Name) -> None:
    """Take webhooks of this name no more, from the next one on."""
    from harness.web.doors.hooks import Hooks

    if not Hooks(terminal.settings.store).remove(name):
        raise Failure(f"there is no webhook {name!r}", next_=terminal.command("hook list"), type_="not_found")
    terminal.client.changed_door("remove webhook", name)
    if terminal.as_json:
        terminal.answer_json({"name": name})
    else:
        terminal.out.print(f"○ Webhooks {name} are taken no more.")


def _tell(terminal: Terminal, hook: Hook, url: str, *, given: bool) -> None:
    address = f"{url}/hooks/{hook.name}"
    key = None if given else hook.keys[-1].value
    if terminal.as_json:
        terminal.answer_json(_plain(hook) | {"address": address, "key": key})
        return
    terminal.out.print(f"✓ {hook.event} comes by POST {address}", soft_wrap=True)
    if key:
        terminal.out.print(f"  Its key, shown this once: {key}", soft_wrap=True)


def _plain(hook: Hook) -> dict[str, object]:
    return {"name": hook.name, "event": hook.event, "scheme": hook.scheme, "keys": len(hook.keys)}


def _keys(hook: Hook, words: Words) -> str:
    """Those that are good beside the newest."""
    old = [key.until for key in hook.keys if key.until and key.until > words.now.timestamp()]
    if not old:
        return "1"
    return f"{len(old) + 1}, until {words.exact(datetime.fromtimestamp(max(old), words.now.tzinfo))}"
