from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.gateway.stage import Stage, on_stage
from tests.gateway.web_server import WebServer, web_server


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with on_stage() as stage:
        yield stage


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server
