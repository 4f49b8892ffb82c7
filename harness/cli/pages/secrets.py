"""Secrets: what there is, who may send them where, and what is still to be typed. Their values are nowhere here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import page, table
from harness.words import Words
from sidecar.client import views


def secret_table(secrets: Sequence[views.Secret], words: Words) -> RenderableType:
    if not secrets:
        return Text(f"No secrets yet. Keep one with: {words.command('secret set NAME')}")
    made = table("secret", "value", "+used by", "+may be sent by")
    for secret in secrets:
        value = Text("set", style="green") if secret.is_set else Text("not set", style="red")
        made.add_row(secret.name, value, ", ".join(secret.used_by) or "nobody", _grants(secret))
    return made


def kept(secret: views.Secret, words: Words) -> RenderableType:
    allowed = {given.skill for given in secret.grants}
    waiting = [skill for skill in secret.used_by if skill not in allowed]
    return page(
        Text.assemble(("✓ ", "green"), f"{secret.name} is kept on this host, readable by you alone."),
        *(
            Text(f"{skill} needs your yes: {words.command(f'secret grant {skill} {secret.name} HOST')}")
            for skill in waiting
        ),
    )


def granted(secret: views.Secret, skill: str, host: str, words: Words) -> RenderableType:
    told = Text.assemble(("✓ ", "green"), f"{skill} may send {secret.name} to {host}.")
    if not secret.is_set:
        told.append(f"\nIt has no value on this host yet: {words.command(f'secret set {secret.name}')}", style="yellow")
    return told


def still_to_type(uses: Sequence[views.SecretUse], words: Words) -> RenderableType | None:
    """Before the version's secrets can be used; None where nothing is missing."""
    typed = list(dict.fromkeys(_typed(command, words) for use in uses for command in use.todo))
    if not typed:
        return None
    return Text("\n".join(["Before it can use its secrets, type:", *(f"  {command}" for command in typed)]), "yellow")


def use(secret: views.SecretUse, words: Words) -> str:
    if secret.todo:
        return f"{secret.name} (not ready: {_typed(secret.todo[0], words)})"
    return f"{secret.name} to {', '.join(secret.granted)}"


def _typed(command: str, words: Words) -> str:
    """The sidecar does not know how its workspace was named here."""
    return words.command(command.removeprefix("tend "))


def _grants(secret: views.Secret) -> str:
    return "\n".join(f"{given.skill} to {given.host}" for given in secret.grants) or "nobody"
