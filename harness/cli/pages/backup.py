"""What was backed up, and what was put back."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from harness.cli.pages.layout import page
from harness.words import Words, count
from sidecar.client import views


def backup_page(backup: views.Backup, words: Words) -> RenderableType:
    skipped = f"Left out, since they are no files: {', '.join(backup.skipped)}." if backup.skipped else None
    return page(
        Text.assemble(("✓ ", "green"), f"The store and {count(backup.files, 'file')} are in {backup.path}."),
        Text(f"{backup.size / 1024:,.0f} KiB, readable by you alone. Secrets and environment keys are not in it."),
        Text(skipped) if skipped else None,
        Text(f"The way back: {words.command(f'restore {backup.path}')}", style="bold"),
    )


def restored_page(restored: views.Restored, words: Words) -> RenderableType:
    there = f"{count(restored.skills, 'live skill')} and {count(restored.files, 'file')}"
    unfinished = count(restored.unfinished, "run goes", "runs go") if restored.unfinished else ""
    return page(
        Text.assemble(("✓ ", "green"), f"All is as it was {words.exact(restored.made_at)}: {there}."),
        Text(f"What was there before lies in {restored.aside}."),
        Text(
            f"{unfinished} on from there at the next start; what a run has done since the backup, it may do again."
            if unfinished
            else "No run was under way then."
        ),
        Text(
            "\n".join(
                f"Set it again, no backup has it: {words.command(f'secret set {name}')}" for name in restored.secrets
            )
        )
        if restored.secrets
        else None,
        Text("Times that have passed since are caught up as each skill declares it."),
        Text(f"Start it with: {words.command('up')}", style="bold"),
    )
