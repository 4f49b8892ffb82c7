"""The pages, in the order in which they stand in the navigation."""

from __future__ import annotations

from fastapi import FastAPI

from harness.web.pages import approvals, audit, chat, costs, health, home, memory, review, runs, secrets, skills


def add_pages(app: FastAPI) -> None:
    for part in (home, chat, skills, runs, approvals, review, costs, memory, secrets, audit, health):
        app.include_router(part.router)
