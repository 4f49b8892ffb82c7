"""A secret's value is found and taken out, however it is written."""

from __future__ import annotations

import gzip
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from sidecar.gateway.errors import TooLarge
from sidecar.gateway.redact import Redactor
from sidecar.gateway.vault import Vault
from sidecar.secret_folder import SecretFolder
from tests.secrets.forms import encodings

VALUES = {
    "A_TOKEN": "ghp_0123456789abcdefABCDEF",
    "A_PASSWORD": "a+b/c=d \"e' & <f>%\\ 9Zü",
    "A_PIN": "87654321",
}
CASES = [(name, form, written) for name, value in VALUES.items() for form, written in encodings(value)]
REDACTOR = Redactor(VALUES.items())


@pytest.mark.parametrize(("name", "form", "written"), CASES, ids=[f"{name}, {form}" for name, form, _ in CASES])
def test_each_way_of_writing_it(name: str, form: str, written: bytes) -> None:
    around = b"\n\0{}\n" if form.startswith("UTF-16") else b"\n"
    cleaned = REDACTOR.clean(b"before" + around + written + around + b"after")
    assert f"[secret {name}]".encode() in cleaned
    assert written not in cleaned
    assert cleaned.startswith(b"before") and cleaned.endswith(b"after")


def test_other_texts_stay_as_they_are() -> None:
    page = b"ghp_0123456789abcdefABCDE 1234567 a+b/c=d %41 \\u0041 &#65;" + bytes(range(256))
    assert REDACTOR.clean(page) == page
    assert REDACTOR.json({"n": 1, "texts": ["ghp_", None, True]}) == {"n": 1, "texts": ["ghp_", None, True]}


def test_names_and_values_of_json_are_looked_at() -> None:
    said = {"A": [{"87654321": f"a {VALUES['A_TOKEN']} b"}]}
    assert REDACTOR.json(said) == {"A": [{"[secret A_PIN]": "a [secret A_TOKEN] b"}]}


def test_of_several_values_of_one_name_each_is_found(tmp_path: Path) -> None:
    folders = [SecretFolder(tmp_path / name) for name in ("mine", "systemd")]
    for folder, value in zip(folders, ("in the folder", "in the second"), strict=True):
        folder.set("SLACK_TOKEN", value)
    folders[0].set("MODEL_KEY", "of a skill's own")
    vault = Vault(folders, [("SLACK_TOKEN", "in the environment"), ("MODEL_KEY", "the model's key")])
    said = "in the folder, in the second, in the environment; of a skill's own, the model's key"
    mark, key = "[secret SLACK_TOKEN]", "[secret MODEL_KEY]"
    assert vault.redactor().text(said) == f"{mark}, {mark}, {mark}; {key}, {key}"


def test_a_secret_within_another_is_told_as_the_longer_one() -> None:
    redactor = Redactor([("SHORT", "abcdefgh"), ("LONG", "xx-abcdefgh-xx")])
    assert redactor.text("xx-abcdefgh-xx abcdefgh") == "[secret LONG] [secret SHORT]"


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda text: gzip.compress(b"a") + gzip.compress(text)])
def test_what_is_packed_is_looked_at_unpacked(pack: object) -> None:
    assert callable(pack)
    cleaned = REDACTOR.clean(pack(b"my token: " + VALUES["A_TOKEN"].encode()))
    unpack = gzip.decompress if cleaned.startswith(b"\x1f\x8b") else zlib.decompress
    assert unpack(cleaned).endswith(b"my token: [secret A_TOKEN]")
    untouched = pack(b"nothing here")
    assert REDACTOR.clean(untouched) == untouched


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_what_follows_something_packed_is_looked_at_too(pack: Callable[[bytes], bytes]) -> None:
    key, mark = VALUES["A_TOKEN"].encode(), b"[secret A_TOKEN]"
    plain, packed = pack(b"hello"), pack(key)
    for before, after in ((plain, b"hello"), (packed, mark)):
        cleaned = REDACTOR.clean(before + b"\nkey=" + key)
        unpacking = zlib.decompressobj(47)
        assert unpacking.decompress(cleaned) == after
        assert unpacking.unused_data == b"\nkey=" + mark
    assert REDACTOR.clean(plain + b"\nkey=") == plain + b"\nkey="
    for cut in (3, 10, len(plain) - 1):
        assert key not in REDACTOR.clean(plain[:cut] + key), "what is broken off is looked at as it is"


def test_what_is_too_large_to_be_looked_at_is_no_reply() -> None:
    with pytest.raises(TooLarge, match="too many to look for secrets in"):
        REDACTOR.clean(gzip.compress(bytes(33 * 1024 * 1024)))


def test_many_small_archives_take_no_longer_than_one_of_their_size() -> None:
    content = gzip.compress(b"") * 100_000
    started = time.monotonic()
    assert REDACTOR.clean(content) == content
    assert time.monotonic() - started < 10


def test_damaged_archives_pass_as_they_are() -> None:
    damaged = gzip.compress(b"text" * 100)[:40]
    assert REDACTOR.clean(damaged) == damaged


@pytest.mark.parametrize("size", [1, 3, 7])
@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_a_text_that_comes_in_pieces(name: str, value: str, size: int) -> None:
    for form, written in encodings(value):
        if form.startswith(("UTF-16", "base64")):  # base64 takes its neighbours along: another cut, the same end
            continue
        text = f"before {written.decode()} after"
        stream = REDACTOR.stream()
        pieces = [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join([*pieces, stream.end()]) == f"before [secret {name}] after", form


def test_a_stream_is_held_back_only_where_a_secret_may_begin() -> None:
    stream = REDACTOR.stream()
    assert stream.feed("Good morning, ") == "Good morning, "
    assert stream.feed("the gh") == "the "
    assert stream.feed("ost is here") == "ghost is here"
