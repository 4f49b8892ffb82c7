"""The ways in which a value may be written down, by the standard library's encoders: not by what looks for them."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Iterator
from urllib.parse import quote, quote_plus


def encodings(value: str) -> Iterator[tuple[str, bytes]]:
    """Each with its name."""
    plain = value.encode()
    yield "plain", plain
    for name, text in (
        ("url", quote(value, safe="")),
        ("url, slashes kept", quote(value)),
        ("form", quote_plus(value)),
        ("url, small digits", quote(value, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")),
        ("url, every character", "".join(f"%{byte:02X}" for byte in plain)),
        ("url, twice", quote(quote(value, safe=""), safe="")),
        ("json", json.dumps(value)[1:-1]),
        ("json, with Unicode", json.dumps(value, ensure_ascii=False)[1:-1]),
        ("json, slashes escaped", json.dumps(value)[1:-1].replace("/", "\\/")),
        ("json, every character", "".join(f"\\u{ord(character):04x}" for character in value)),
        ("json in json", json.dumps(json.dumps(value))[3:-3]),
        ("json in a url", quote(json.dumps(value)[1:-1], safe="")),
        ("html", html.escape(value)),
        ("html, quotes kept", html.escape(value, quote=False)),
        ("html, every character", "".join(f"&#{ord(character)};" for character in value)),
        ("html, every character in hex", "".join(f"&#x{ord(character):X};" for character in value)),
        ("json in html", html.escape(json.dumps(value)[1:-1])),
        ("hex", plain.hex()),
        ("hex, capital letters", plain.hex().upper()),
    ):
        yield name, text.encode()
    for neighbours in range(3):
        written = b"u" * neighbours + plain
        yield f"base64 at {neighbours}", base64.b64encode(written + b":x")
        yield f"base64 at {neighbours}, for urls", base64.urlsafe_b64encode(written)
        yield f"base64 at {neighbours}, in lines", base64.encodebytes(b"-" * (57 - neighbours) + written)
        yield f"base64 at {neighbours}, in a url", quote(base64.b64encode(written), safe="").encode()
    yield "UTF-16", value.encode("utf-16-le")
    yield "UTF-16, the other order", value.encode("utf-16-be")
