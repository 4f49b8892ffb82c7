"""`python -m tests.web.shots FOLDER`: pictures of every page, new and furnished, in light and dark, wide and narrow."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Literal, get_args

from playwright.sync_api import Browser, ViewportSize

from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import Place, empty_places, furnish, places, unfurnished
from tests.web.browser.window import chromium, window
from tests.web.conftest import Web

Theme = Literal["light", "dark"]
WIDTHS = (1280, 390)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.web.shots", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    with (
        tempfile.TemporaryDirectory() as workspace,
        TalkingModel() as model,
        unfurnished(Path(workspace), model) as web,
        chromium() as browser,
    ):
        shoot(folder / "new", browser, web, empty_places(web))
        furnish(web, model)
        shoot(folder, browser, web, places(web))


def shoot(folder: Path, browser: Browser, web: Web, wanted: list[Place]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for theme in get_args(Theme):
        for width in WIDTHS:
            with window(browser, web, size=ViewportSize(width=width, height=900), theme=theme) as page:
                for number, place in enumerate(wanted):
                    place.open(page)
                    name = re.sub(r"\W+", "-", place.name).strip("-")[:60] or "home"
                    page.screenshot(path=folder / f"{number:02}-{name}-{width}-{theme}.png", full_page=True)
    print(f"{len(wanted)} pages, {len(wanted) * 4} pictures in {folder}")


if __name__ == "__main__":
    main()
