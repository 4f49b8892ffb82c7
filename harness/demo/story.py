"""`tend demo`: the whole story of Tend, on the real product, with a model that follows a script."""

from __future__ import annotations

from harness.cli.console import stdout_console
from harness.demo import script as scripted
from harness.demo.chapters import crash, drift, edit, need, review, running
from harness.demo.shop import Shop
from harness.demo.stage import NotAsTold, Stage
from harness.demo.telling import Telling
from harness.demo.turns import Script
from sidecar.client import SidecarError

CHAPTERS = (need.tell, running.tell, edit.tell, drift.tell, review.tell, crash.tell)


def main(*, keep: bool = False, script: Script = scripted.turn, shop: Shop | None = None) -> int:
    """Tell it; 0 where everything happened as told. `keep` leaves the workspace for you to look at, as a failure
    does. Tests give another script, or another shop."""
    telling = Telling(stdout_console())
    with Stage(shop or Shop(), script) as stage:
        stage.keep = keep
        try:
            _open(stage, telling)
            for tell in CHAPTERS:
                tell(stage, telling)
        except (NotAsTold, SidecarError) as error:
            stage.keep = True
            telling.plain(f"\n✗ The demo stops: {error}", style="bold red")
            telling.plain(f"  What there is to look at is kept in {stage.workspace} (the log: .tend/sidecar.log).")
            return 1
        _close(stage, telling)
    return 0


def _open(stage: Stage, telling: Telling) -> None:
    telling.plain("tend demo: the real product, a real page over HTTP, and a scripted model", style="bold")
    telling.plain("No key, no network. This shows the harness, not a model's talent.")
    status = stage.start_sidecar()
    kept = "kept" if stage.keep else "removed at the end; or --keep"
    telling.say(f"workspace {stage.workspace} ({kept})")
    telling.say(f"sidecar process {status.pid}; shop at {stage.shop.url}")


def _close(stage: Stage, telling: Telling) -> None:
    telling.plain(f"\n✓ All of it happened as told, in {telling.seconds:.0f} s.", style="bold green")
    telling.plain("The model was scripted: this showed the harness, not a model's talent.\nWith a real one:")
    telling.plain("  export ANTHROPIC_API_KEY=…   (or TEND_BASE_URL, for another Messages server)", style="bold")
    telling.plain("  tend up                      keeps Tend running", style="bold")
    telling.plain("  tend chat                    in another terminal: say what you need", style="bold")
    if stage.keep:
        telling.plain(f"The workspace is kept (its shop is shut now): tend up --workspace {stage.workspace}")
