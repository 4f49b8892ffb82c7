"""What the checker's process reads and writes, as JSON."""

from __future__ import annotations

import json

from pydantic import TypeAdapter

from sidecar.checker.read_source import Reading
from sidecar.checker.report import Snapshot

_READING = TypeAdapter(Reading)


def encode_snapshot(snapshot: Snapshot) -> str:
    # Latin-1 gives each byte one character, so that the very bytes arrive, also those that are no UTF-8.
    files = {path: content.decode("latin-1") for path, content in snapshot.files.items()}
    return json.dumps({"entry": snapshot.entry, "files": files})


def decode_snapshot(text: str) -> Snapshot:
    sent = json.loads(text)
    return Snapshot(sent["entry"], {path: content.encode("latin-1") for path, content in sent["files"].items()})


def encode_reading(reading: Reading) -> str:
    return _READING.dump_json(reading).decode()


def decode_reading(text: str) -> Reading:
    return _READING.validate_json(text)
