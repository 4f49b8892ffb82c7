"""Figures as lines of a table."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.engine.figure import Figure

HEADER = ("", "median", "p90", "floor", "", "ratio", "goal", "")
WIDTHS = (44, 10, 10, 10, 24, 6, 28, 6)


def lines(figures: Iterable[Figure]) -> list[str]:
    return [_line(HEADER), *(_line(_cells(figure)) for figure in figures)]


def _cells(figure: Figure) -> tuple[str, ...]:
    return (
        f"{figure.name}, {figure.unit}",
        _number(figure.median),
        _number(figure.p90) if len(figure.values) > 1 else "",
        _number(figure.floor_median),
        figure.floor_name,
        _number(figure.ratio),
        str(figure.goal or ""),
        {True: "met", False: "MISSED", None: ""}[figure.met],
    )


def _line(cells: Iterable[str]) -> str:
    first, *rest = zip(cells, WIDTHS, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
