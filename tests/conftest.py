"""Fixtures for tests with a live sidecar. One serves a module's tests; each test uses skills of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.support.live_sidecar import LiveSidecar
from tests.support.sink import Sink
from tests.support.talking_model import TalkingModel

FIGURES = "figures"  # a property that a test records, to be shown at the end


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveSidecar]:
    """Without a model."""
    with LiveSidecar(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture(scope="module")
def model() -> Iterator[TalkingModel]:
    with TalkingModel() as talking:
        yield talking


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory, model: TalkingModel) -> Iterator[LiveSidecar]:
    """A sidecar whose model is `model`."""
    with LiveSidecar(tmp_path_factory.mktemp("talking"), base_url=model.base_url) as live:
        yield live


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as open_sink:
        yield open_sink


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the sidecars of a failed test have logged."""
    report = yield
    if report.failed:
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, LiveSidecar):
                report.sections.append((f"log of {name}", value.said()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests tell of themselves, wherever they ran."""
    ended = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for told in [value for test in ended for name, value in test.user_properties if name == FIGURES]:
        terminalreporter.write_line(str(told))
