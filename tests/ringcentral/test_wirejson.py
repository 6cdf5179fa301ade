"""JSON that is odd, and JSON that any reader accepts."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from app.ringcentral.wirejson import Unparsable, canonical, clean, dump, parse, storable
from tests.ringcentral.anything import JSON


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        ("NaN", None),
        ("[Infinity, -Infinity]", [None, None]),
        ("[NaN, " + "9" * 101 + "]", [None, None]),
        ('"\ud800"', "\ufffd"),
        ("9" * 5000, None),
        ("9" * 100, 10**100 - 1),
        ('"\\ud83d"', "\ufffd"),
        ('"\\ud83d\\ude00"', "😀"),
        ('"\\u0000"', "\ufffd"),
        ('"a\tb"', "a\tb"),
        ("\ufeff[]", []),
        ('{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_read(text: str, value: Any) -> None:
    assert parse(text) == value


def test_a_number_beyond_all_numbers() -> None:
    assert math.isinf(parse("1e999"))
    assert dump(parse('{"a": 1e999}')) == '{"a":null}'


@pytest.mark.parametrize("text", ["", " ", "{", "nope", "[1,]", "{}{}", "'a'", "\ud800"])
def test_not_json(text: str) -> None:
    with pytest.raises(Unparsable, match="not JSON"):
        parse(text)


@pytest.mark.parametrize("depth", [202, 900, 100_000])
def test_too_deep(depth: int) -> None:
    with pytest.raises(Unparsable, match="nested too deeply"):
        parse("[" * depth + "]" * depth)


def test_deep_enough() -> None:
    assert json.loads(dump(parse("[" * 190 + "]" * 190))) is not None


def test_values_that_are_no_json() -> None:
    assert clean({1: (Decimal("1.5"), {2: float("nan")})}) == {"1": ["1.5", {"2": None}]}


def test_written_on_one_line() -> None:
    text = dump({"a": "\u2028\u2029\x85\n\ud800"[:4] + "é"})
    assert text.splitlines() == [text]
    assert json.loads(text) == {"a": "\u2028\u2029\x85\né"}


def test_canonical() -> None:
    assert canonical({"b": 1, "a": [2.0]}) == canonical(json.loads('{"a": [2.0], "b": 1}'))


def test_storable() -> None:
    assert storable("a\0\ud800\udfffé") == "a\ufffd\ufffd\ufffdé"


@given(JSON)
def test_what_is_read_can_be_written_and_read_again(value: Any) -> None:
    once = dump(parse(json.dumps(value)))
    once.encode("utf-8")
    assert len(once.splitlines()) == 1
    assert dump(parse(once)) == once
    json.loads(once, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
