"""`python -m tests.web.shots FOLDER`: every page of a furnished workspace as pictures, light, dark, wide, narrow."""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import Literal, get_args

from playwright.sync_api import ViewportSize

from tests.support.talking_model import TalkingModel
from tests.web.browser.furnished import addresses, furnished
from tests.web.browser.window import chromium, window

Theme = Literal["light", "dark"]
WIDTHS = (1280, 390)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.web.shots", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as workspace,
        TalkingModel() as model,
        furnished(Path(workspace), model) as web,
        chromium() as browser,
    ):
        places = addresses(web)
        for theme in get_args(Theme):
            for width in WIDTHS:
                with window(browser, web, size=ViewportSize(width=width, height=900), theme=theme) as page:
                    for number, address in enumerate(places):
                        page.goto(address)
                        name = re.sub(r"\W+", "-", address).strip("-")[:60] or "home"
                        page.screenshot(path=folder / f"{number:02}-{name}-{width}-{theme}.png", full_page=True)
    print(f"{len(places)} pages, {len(places) * 4} pictures in {folder}")


if __name__ == "__main__":
    main()
