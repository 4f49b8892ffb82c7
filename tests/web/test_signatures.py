"""Webhooks are their sender's: signed with the right key, over these bytes, just now."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from harness.web.doors.not_accepted import NotAccepted
from harness.web.doors.signatures import ID_AT_MOST, SCHEMES, TOLERANCE
from tests.support import signing

STANDARD, GITHUB = SCHEMES["standard"], SCHEMES["github"]
NOW = 1_790_000_000.0
KEY, OTHER = STANDARD.new_key(), STANDARD.new_key()
BODY = '{"naïve": true}'


def signed(key: str = KEY, *, at: float = NOW, body: str = BODY, id_: str = "msg_1") -> dict[str, str]:
    return signing.signed(key, body, id_=id_, at=at)


def refused(headers: dict[str, str], *keys: str, body: str = BODY) -> tuple[str, int]:
    with pytest.raises(NotAccepted) as error:
        STANDARD.verify(keys or (KEY,), headers, body.encode(), NOW)
    return error.value.type, error.value.status


def test_what_the_standards_own_library_signs_is_taken() -> None:
    assert STANDARD.verify([KEY], signed(), BODY.encode(), NOW) == "msg_1"


def test_the_example_of_the_standard() -> None:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert STANDARD.verify([key], headers, b'{"test": 2432232314}', 1614265330) == "msg_p5jXN8AQM9LWM0D4loKWxJek"


def test_one_of_several_signatures_and_of_several_keys_is_enough() -> None:
    both = f"v1a,anything {signed(OTHER)['webhook-signature']} v1,no/base64! {signed()['webhook-signature']}"
    assert STANDARD.verify([KEY], signed() | {"webhook-signature": both}, BODY.encode(), NOW) == "msg_1"
    assert STANDARD.verify([OTHER, KEY], signed(), BODY.encode(), NOW) == "msg_1"


@pytest.mark.parametrize("change", [{"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(NOW) + 1)}])
def test_id_and_time_are_signed_too(change: dict[str, str]) -> None:
    assert refused(signed() | change) == ("bad_signature", 401)


def test_another_body_or_key_is_refused() -> None:
    assert refused(signed(), body=BODY + " ") == ("bad_signature", 401)
    assert refused(signed(), OTHER) == ("bad_signature", 401)
    assert refused(signed(), body=BODY.replace("true", "false")) == ("bad_signature", 401)


@pytest.mark.parametrize("away", [0, TOLERANCE, -TOLERANCE])
def test_clocks_may_differ_by_five_minutes(away: int) -> None:
    assert STANDARD.verify([KEY], signed(at=NOW + away), BODY.encode(), NOW) == "msg_1"


def test_what_is_older_or_from_the_future_is_refused() -> None:
    assert refused(signed(at=NOW - TOLERANCE - 1)) == ("too_late", 400)
    assert refused(signed(at=NOW + TOLERANCE + 1)) == ("too_early", 400)


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(missing: str) -> None:
    headers = signed()
    del headers[missing]
    assert refused(headers) == ("bad_header", 400)


@pytest.mark.parametrize("time", ["now", "-1", "1e9", "nan", "9" * 30, "१२३", "1.5", " 1"])
def test_a_time_is_a_number(time: str) -> None:
    assert refused(signed() | {"webhook-timestamp": time})[0] == "bad_header"


@pytest.mark.parametrize("id_", ["x" * (ID_AT_MOST + 1), "a\nb", "ä"])
def test_an_id_is_short_and_plain(id_: str) -> None:
    assert refused(signed(id_=id_)) == ("bad_header", 400)


@pytest.mark.parametrize("signature", ["v1,", "v1", ",", "v1,=", "v1," + "A" * 10_000, "v2,abc", "v1,AAAA v1,BBBB"])
def test_broken_signatures_are_none(signature: str) -> None:
    assert refused(signed() | {"webhook-signature": signature}) == ("bad_signature", 401)


def test_without_a_key_nothing_fits() -> None:
    with pytest.raises(NotAccepted):
        STANDARD.verify([], signed(), BODY.encode(), NOW)


@pytest.mark.parametrize("key", ["whsec_", "whsec_AAAA", "whsec_?", base64.b64encode(b"x" * 32).decode(), ""])
def test_what_is_no_key_is_not_kept(key: str) -> None:
    with pytest.raises(ValueError, match="key"):
        STANDARD.require_key(key)


def test_githubs_example() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries"""
    header = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    id_ = GITHUB.verify(["It's a Secret to Everybody"], header, b"Hello, World!", NOW)
    assert id_ == f"sha256 {hashlib.sha256(b'Hello, World!').hexdigest()}"


@pytest.mark.parametrize(
    "signature", ["sha256=" + "0" * 64, "", "sha256=zz", "sha256=", hmac.new(b"other", b"body", "sha256").hexdigest()]
)
def test_others_of_githubs_kind_are_refused(signature: str) -> None:
    with pytest.raises(NotAccepted):
        GITHUB.verify([GITHUB.new_key()], {"x-hub-signature-256": signature}, b"body", NOW)
