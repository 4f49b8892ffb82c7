"""The API's description: FastAPI's, with what it can't know of itself: problems, who may ask, the doors."""

from __future__ import annotations

import copy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from harness.web.doors import described as doors
from harness.web.problems import Problem

PROBLEM = {
    "description": "a problem (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
WHO = {
    "session": {"type": "apiKey", "in": "cookie", "name": "tend_PORT", "description": "by a link of `tend web`"},
    "token": {"type": "http", "scheme": "bearer", "description": "of `tend token add`"},
    "signature": {"type": "apiKey", "in": "header", "name": "webhook-signature", "description": "of `tend hook add`"},
}
BY = {"/events": "token", "/hooks/{name}": "signature"}  # else by a session


def described(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary="What the pages show, and what can be done there.",
        routes=app.routes,
    )
    parts = document.setdefault("components", {})
    parts["schemas"]["Problem"] = Problem.model_json_schema()
    parts["schemas"] |= doors.SCHEMAS
    document["paths"] |= copy.deepcopy(doors.PATHS)
    for unused in ("HTTPValidationError", "ValidationError"):  # ours are problems
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = WHO
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [{BY.get(path, "session"): []}]
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = PROBLEM
    return document
