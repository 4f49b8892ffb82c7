"""What a request says, as JSON: strictly, since it is stored, hashed and handed to others."""

from __future__ import annotations

import json
import re
from email.message import Message

from pydantic import JsonValue
from pydantic_core import from_json

from harness.web.doors.not_accepted import NotAccepted

JSON = "application/json"
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it


def media_type(header: str | None) -> str:
    """Without its parameters; JSON where nothing is said."""
    message = Message()
    message["content-type"] = header or JSON
    return message.get_content_type()


def value(body: bytes, kind: str) -> JsonValue:
    """JSON as it is, a text as a text. Raises NotAccepted."""
    if kind == JSON or kind.endswith("+json"):
        return parsed(body)
    if kind.startswith("text/"):
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise NotAccepted("not_text", f"the body is no UTF-8: {error.reason}", 400) from error
        if "\0" in text:
            raise NotAccepted("not_text", "the body has a NUL character, which no text may have", 400)
        return text
    raise NotAccepted("media_type", f"{kind} can't be taken: send {JSON}, or a text", 415)


def parsed(body: bytes) -> JsonValue:
    """No NaN, no half characters, no NUL, not too deep: not every database and language could hold them."""
    if NUL.search(body):
        raise NotAccepted("not_json", "the body has a NUL character, which no text may have", 400)
    try:
        found: JsonValue = from_json(body, allow_inf_nan=False)
        json.dumps(found, allow_nan=False)  # 1e999 is infinite too
    except ValueError as error:
        raise NotAccepted("not_json", f"the body is no JSON: {error}", 400) from error
    return found
