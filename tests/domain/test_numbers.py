"""Telephone numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.numbers import NumberError, OwnNumber, format_number, parse_number


@pytest.mark.parametrize(
    "typed",
    [
        "+16505550100",
        "(650) 555-0100",
        "650-555-0100",
        "650.555.0100",
        " 1 650 555 0100 ",
        "6505550100",
        "+1 (650) 555-0100",
        "tel:+1-650-555-0100",
    ],
)
def test_ways_to_type_one(typed: str) -> None:
    assert parse_number(typed) == "+16505550100"


def test_other_countries() -> None:
    assert parse_number("+44 20 7946 0000") == "+442079460000"
    assert parse_number("020 7946 0000", "GB") == "+442079460000"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type a phone number."),
        ("   ", "Type a phone number."),
        ("Dana", "“Dana” is not a phone number."),
        ("+", "“+” is not a phone number."),
        ("555", "“555” has too few or too many digits for a phone number."),
        ("650 555 0100 0100", "“650 555 0100 0100” has too few or too many digits for a phone number."),
    ],
)
def test_what_is_none(typed: str, sentence: str) -> None:
    with pytest.raises(NumberError) as refused:
        parse_number(typed)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        ("+16505550100", "(650) 555-0100"),
        ("+442079460000", "+44 20 7946 0000"),
        ("+1650555010", "+1 650555010"),
        ("29395", "29395"),
        ("", ""),
        ("+1650555O1OO", "+1650555O1OO"),
        ("+1650555٠100", "+1650555٠100"),
        ("+", "+"),
        ("+9991", "+9991"),
        ("anonymous", "anonymous"),
    ],
)
def test_as_people_read_them(e164: str, shown: str) -> None:
    assert format_number(e164) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_anything_can_be_shown_and_nothing_else_raised(anything: str) -> None:
    assert isinstance(format_number(anything), str)
    try:
        said = parse_number(anything) + "."
    except NumberError as refused:
        said = str(refused)
    assert said.endswith(".")


@given(st.from_regex(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True))
def test_what_is_shown_can_be_typed(e164: str) -> None:
    assert parse_number(format_number(e164)) == e164


def test_a_number_with_its_label() -> None:
    assert OwnNumber("+16505550100", "Front desk").title == "Front desk (650) 555-0100"
    assert OwnNumber("+16505550100").title == "(650) 555-0100"
    assert OwnNumber("+16505550100", "Front desk").short == "Front desk"
    assert OwnNumber("+16505550100").short == "(650) 555-0100"
