"""The pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from fastapi import FastAPI

from harness.web.pages import approvals, chat, costs, health, home, review, runs, skills


def add_pages(app: FastAPI) -> None:
    for part in (home, chat, skills, runs, approvals, review, costs, health):
        app.include_router(part.router)
