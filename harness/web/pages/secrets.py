"""Secrets: what there is and who may send it where. Values are set in the terminal, and shown nowhere."""

from __future__ import annotations

from fastapi import APIRouter

from harness.web.twin import Sidecar, page
from sidecar.client import views

router = APIRouter(tags=["secrets"])


class Secrets(views.View):
    secrets: tuple[views.Secret, ...]


class Sender(views.View):
    skill: str
    host: str


@page(router, "/secrets", "secrets.html")
def secrets(client: Sidecar) -> Secrets:
    return Secrets(secrets=tuple(client.secrets()))


@router.post("/api/secrets/{name}/revoke")
def revoke(client: Sidecar, name: str, given: Sender) -> views.Secret:
    """The skill may no longer send it there."""
    return client.revoke_secret(given.skill, name, given.host)
