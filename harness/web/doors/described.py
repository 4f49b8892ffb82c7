"""The doors in the OpenAPI document, which FastAPI does not know of."""

from __future__ import annotations

from typing import Any

from harness.web.doors.cloud_events import BATCH, STRUCTURED, CloudEvent
from harness.web.doors.doors import Taken

SCHEMAS = {
    "CloudEvent": CloudEvent.model_json_schema(mode="validation"),
    "Taken": Taken.model_json_schema(mode="serialization"),
}

_ANY: dict[str, Any] = {"schema": {}}
_EVENT = {"schema": {"$ref": "#/components/schemas/CloudEvent"}}
_TAKEN = {"$ref": "#/components/schemas/Taken"}


def _several(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _door(summary: str, told: str, bodies: dict[str, Any], answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "post": {
            "tags": ["what other services send"],
            "summary": summary,
            "description": told,
            "requestBody": {"required": True, "content": bodies},
            "responses": {
                "202": {"description": "on disk", "content": {"application/json": {"schema": answer}}},
            },
            **more,
        }
    }


PATHS = {
    "/hooks/{name}": _door(
        "Webhook",
        "An event `hook.NAME`, for whoever has signed it with a key of `tend hook add NAME`.",
        {"application/json": _ANY, "text/plain": _ANY},
        _TAKEN,
        operationId="webhook",
        parameters=[{"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}],
    ),
    "/events": _door(
        "Events",
        "CloudEvents 1.0: structured, batched or binary, for the holder of a token of `tend token add NAME`.",
        {
            STRUCTURED: _EVENT,
            BATCH: {"schema": _several(_EVENT["schema"])},
            "application/json": _ANY | {"description": "binary mode: the data; the attributes are headers"},
        },
        _several(_TAKEN),
        operationId="events",
    ),
}
