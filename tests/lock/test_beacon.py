"""Promises of public randomness, and pulses: what names one, what is one, what is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from harness.cli.app import parser
from harness.errors import BadInput, ClaimsError
from harness.lock.beacon import promised, published_at, read_pulse

FUTURE = "drand quicknet round 999999999"
ROUND_ONE = {
    "beacon": "drand default round 1",
    "randomness": "101297f1ca7dc44ef6088d94ad5fb7ba03455dc33d53ddb412bbc4564ed986ec",
    "signature": (
        "8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3"
        "c6f3b10104990e7cb424998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375"
        "e659c2a2352b4655"
    ),
    "published": "2020-07-22T15:17:30Z",
}
"""The first pulse of drand's default chain, as it was published."""


def pulse(**changes: Any) -> bytes:
    value = {k: v for k, v in {**ROUND_ONE, **changes}.items() if v is not None}
    return json.dumps(value).encode()


def test_a_published_pulse_is_read() -> None:
    """drand's own first round: its randomness is the SHA-256 of its signature, its time agrees."""
    found = read_pulse(pulse(round=1, source="api.drand.sh"), "p.json")
    assert (found.beacon, found.randomness) == (ROUND_ONE["beacon"], ROUND_ONE["randomness"])

    assert found.as_json()["signature"] == ROUND_ONE["signature"]
    assert "signature" not in read_pulse(pulse(signature=None), "p.json").as_json()


def test_a_pulse_and_a_promise_of_the_same_letters_are_the_same() -> None:
    """With accents apart, as some systems paste them, in either: nobody could tell why not."""
    apart = "cafe\u0301 pulse 7"
    typed = parser().parse_args(["lock", "good", "--beacon", apart]).beacon
    assert read_pulse(pulse(beacon=apart, signature=None), "p.json").beacon == typed
    assert typed == "caf\u00e9 pulse 7"


def test_hexadecimal_is_read_in_either_case_and_kept_in_one() -> None:
    """One value, one seed."""
    shouted = pulse(randomness=ROUND_ONE["randomness"].upper())
    assert read_pulse(shouted, "p.json").randomness == ROUND_ONE["randomness"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"randomness": "0" * 64}, "not the SHA-256 of the signature"),
        ({"randomness": "1" * 31 + "g"}, "128 to 512 bits"),
        ({"randomness": "1" * 30, "signature": None}, "128 to 512 bits"),
        ({"randomness": "1" * 33, "signature": None}, "128 to 512 bits"),
        ({"randomness": 12345, "signature": None}, "128 to 512 bits"),
        ({"randomness": None}, "'randomness' is missing"),
        ({"beacon": None}, "'beacon' is missing"),
        ({"beacon": ""}, "empty"),
        ({"published": "2020-07-22"}, "no time with its zone|not a time with its zone"),
        ({"published": "2020-07-22T15:17:30"}, "not a time with its zone"),
        ({"published": "yesterday"}, "not a time with its zone"),
        ({"published": "2021-07-22T15:17:30Z"}, r"published at 2020-07-22T15:17:30Z"),
        ({"signature": "abc"}, "a signature in hexadecimal"),
        ({"seed": 7}, "unknown key 'seed'"),
    ],
)
def test_a_pulse_that_is_none_is_refused(changes: dict[str, Any], words: str) -> None:
    """Short, edited, undated, contradicting its signature or its round."""
    read_pulse(pulse(), "p.json")
    with pytest.raises(BadInput, match=words):
        read_pulse(pulse(**changes), "p.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b"7", b'{"beacon":1,"beacon":2}', b"\xff", b"[" * 60_000, b" " * 70_000],
)
def test_what_is_no_pulse_file_is_refused(data: bytes) -> None:
    """One sentence, whatever is in it."""
    with pytest.raises(ClaimsError):
        read_pulse(data, "p.json")


def test_the_time_of_a_round_follows_from_its_chain() -> None:
    """Genesis and period are public; other words have no time of their own."""
    assert published_at("drand quicknet round 1") == datetime(2023, 8, 23, 15, 9, 27, tzinfo=UTC)
    assert published_at("drand quicknet round 2") == datetime(2023, 8, 23, 15, 9, 30, tzinfo=UTC)
    assert published_at("drand default round 3") == datetime(2020, 7, 22, 15, 18, 30, tzinfo=UTC)
    assert published_at("NIST beacon 2.0 chain 2 pulse 1700000") is None


def test_a_promise_names_a_pulse_that_is_still_to_come() -> None:
    """A round that is out already could be looked up before locking."""
    assert promised(f"  {FUTURE} ") == FUTURE
    assert promised("") == ""
    assert promised("NIST beacon 2.0 chain 2 pulse 1700000")
    before, after = (datetime(2024, 10, 25, h, tzinfo=UTC) for h in (0, 12))
    assert promised("drand quicknet round 12345678", now=before)
    with pytest.raises(ClaimsError, match=r"published at 2024-10-25T.*can be known already"):
        promised("drand quicknet round 12345678", now=after)


@pytest.mark.parametrize("words", ["later", "two\nlines 1", "x" * 300 + "1", "a\u202e1", "a\x07 1"])
def test_words_that_nobody_can_look_up_are_no_promise(words: str) -> None:
    """Without a number, too long, invisible."""
    with pytest.raises(ClaimsError, match="does not name one pulse"):
        promised(words)
