"""Telephone numbers as people write them and as spreadsheets leave them."""

import re
import time

import phonenumbers
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from app.domain.numbers import format_number
from app.domain.read_numbers import (
    ExactNumber,
    NotANumber,
    NumberFragment,
    SeveralNumbers,
    find_numbers,
    read_number,
)


def exact(text: str) -> ExactNumber:
    reading = read_number(text)
    assert isinstance(reading, ExactNumber), reading
    assert text[reading.start : reading.end] == reading.written
    return reading


@pytest.mark.parametrize(
    "text",
    [
        "+12125550100",
        "12125550100",
        "2125550100",
        "(212) 555-0100",
        "(212)555-0100",
        "212-555-0100",
        "212.555.0100",
        "212 555 0100",
        "212/555-0100",
        "212 - 555 - 0100",
        "[212] 555 0100",
        "1-212-555-0100",
        "1 (212) 555-0100",
        "+1 212 555 0100",
        "+1-(212)-555-0100",
        "(+1) 212 555 0100",
        "001 212 555 0100",
        "011 1 212 555 0100",
        "tel:+1-212-555-0100",
        "sms:+12125550100",
        "call me at (212) 555-0100 pls",
        "my # is 212-555-0100!",
        "(212) 555-0100, ask for Dana",
        "“212–555–0100”",
        "212‑555‑0100",
        "+1\u00a0212\u00a0555\u00a00100",
        "212\u2009555\u202f0100",
        "＋１（２１２）５５５－０１００",
        "٢١٢٥٥٥٠١٠٠",
        "\u202a+1 (212) 555-0100\u202c",
        "\ufeff2125550100",
        "212\u200b5550100",
        "'+12125550100",
        "'2125550100",
        '="12125550100"',
        "=+12125550100",
        "12125550100.0",
        "2125550100.00",
        "+12125550100.0",
        "12,125,550,100",
        "2,125,550,100",
        "1.2125550100E+10",
        "2.1255501000e9",
        "212\n555\n0100",
        "2026-11-23 212-555-0100",
        "apt 4, 212 555 0100",
        "+1 212 555 0100 after 5pm",
        "(212) 555-0100 (212) 555-0100",
    ],
)
def test_one_number_in_many_forms(text: str) -> None:
    number = exact(text)
    assert number.e164 == "+12125550100"
    assert number.sure
    assert number.note == ""
    assert number.extension == ""


@pytest.mark.parametrize(
    "text",
    [
        "(212) 555-0100 x23",
        "212-555-0100x23",
        "212.555.0100 ext 23",
        "212.555.0100 ext. 23",
        "212 555 0100, extension 23",
        "2125550100 #23",
        "+12125550100,,23",
        "tel:+1-212-555-0100;ext=23",
        "212 555-0100 poste 23",
        "call me at (212) 555-0100 x23 pls",
        "(212) 555-0100 (ext. 23)",
    ],
)
def test_an_extension_is_left_out_and_told(text: str) -> None:
    number = exact(text)
    assert (number.e164, number.extension) == ("+12125550100", "23")
    assert number.note == "Extension 23 was left out: texts do not go to extensions."
    assert number.sure


@pytest.mark.parametrize(
    ("text", "e164"),
    [
        ("1-800-FLOWERS", "+18003569377"),
        ("Call 1-800-flowers now!", "+18003569377"),
        ("800FLOWERS", "+18003569377"),
        ("1 800 GO FEDEX", "+18004633339"),
        ("800-GOT-JUNK", "+18004685865"),
        ("(415) 555-DENT", "+14155553368"),
        ("1-888-555-CARS", "+18885552277"),
    ],
)
def test_letters_are_keys_of_a_telephone_and_that_is_told(text: str, e164: str) -> None:
    number = exact(text)
    assert number.e164 == e164
    assert number.note.endswith(f"is {format_number(e164)} on the keys of a phone.")
    assert number.sure


def test_more_letters_than_are_dialled() -> None:
    number = exact("1-800-CONTACTS")
    assert number.e164 == "+18002668228"
    assert number.note.endswith("“S” at its end is not dialled.")


@pytest.mark.parametrize(
    ("text", "e164", "note"),
    [
        (
            "1.21255501E+10",
            "+12125550100",
            "Check the last 2 digits: a spreadsheet wrote it as 1.21255501E+10.",
        ),
        (
            "1,21255501E+10",
            "+12125550100",
            "Check the last 2 digits: a spreadsheet wrote it as 1,21255501E+10.",
        ),
        ("442079460000", "+442079460000", "Read as +44 20 7946 0000: its plus sign is missing."),
        ("+2125550100", "+12125550100", "Read as (212) 555-0100: the 1 behind the plus sign is missing."),
        ("20 79 46 00 00", "+12079460000", "Read as (207) 946-0000."),
        ("49 212 555 0100", "+12125550100", "“49” before it was left out."),
        ("212-555-0100-01", "+12125550100", "“01” behind it was left out."),
        ("2125550100x12345678", "+12125550100", "“12345678” behind it was left out."),
        (
            "500-ABCDEFG",
            "+15002223334",
            "“500-ABCDEFG” is (500) 222-3334 on the keys of a phone.",
        ),
    ],
)
def test_what_could_be_meant_otherwise_is_not_sure(text: str, e164: str, note: str) -> None:
    number = exact(text)
    assert number.e164 == e164
    assert not number.sure
    assert number.note == note


@pytest.mark.parametrize(
    ("text", "digits", "note"),
    [
        ("0100", "0100", "This is a part of a number."),
        ("…0100", "0100", "The rest of this number is hidden."),
        ("ends in 4471", "4471", "This is a part of a number."),
        ("555-0100", "5550100", "This number has no area code."),
        ("1 555 0100", "5550100", "This number has no area code."),
        ("(212)", "212", "This is a part of a number."),
        ("+1 650", "1650", "This is a part of a number."),
        ("212 555 010", "212555010", "These are 9 digits; a whole number has 10."),
        ("XXX-XXX-0100", "0100", "The rest of this number is hidden."),
        ("(650) ***-0100", "0100", "The rest of this number is hidden."),
    ],
)
def test_parts_of_numbers(text: str, digits: str, note: str) -> None:
    assert read_number(text) == NumberFragment(digits, note)


@pytest.mark.parametrize("text", ["29395", "293-95", "829395"])
def test_what_may_be_a_short_code(text: str) -> None:
    reading = read_number(text)
    assert isinstance(reading, NumberFragment)
    assert reading.short_code
    assert reading.note == "This is a part of a number, or a short code."


def test_five_digits_that_are_no_short_code() -> None:
    reading = read_number("00100")
    assert isinstance(reading, NumberFragment)
    assert not reading.short_code


ABROAD = " Write + and the country code before a number of another country."


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Type a phone number."),
        (" \u00a0\n", "Type a phone number."),
        ("Dana", "There is no phone number in “Dana”."),
        ("+", "There is no phone number in “+”."),
        ("12", "Type at least 3 digits of the phone number."),
        ("+1", "Type at least 3 digits of the phone number."),
        (
            "012 555 0100",
            "“012 555 0100” cannot be a US or Canadian number: an area code does not begin with 0." + ABROAD,
        ),
        (
            "911 555 0100",
            "“911 555 0100” cannot be a US or Canadian number: 911 is not an area code." + ABROAD,
        ),
        (
            "+1 (212) 055-0100",
            "“+1 (212) 055-0100” cannot be a US or Canadian number: "
            "behind the area code it does not go on with 0.",
        ),
        ("9" * 20, "“99999999999999999999” has too many digits for a phone number."),
        (
            "+999 12345678",
            "“+999 12345678” is neither a US or Canadian number nor that of another country.",
        ),
        (
            "212-555-O1OO",
            "There are letters among the digits of “212-555-O1OO”: type 0 for O, and 1 for I and l.",
        ),
        (
            "1.21256E+10",
            "“1.21256E+10” was cut short by a spreadsheet: its last 5 digits are lost. "
            "Format the column as text and save it again.",
        ),
        ("1e5", "“1e5” is not a phone number."),
        (
            "5550100 and 5550101",
            "There is no whole phone number in “5550100 and 5550101”, and more than one part of one.",
        ),
        ("x" * 60, "There is no phone number in “" + "x" * 39 + "…”."),
    ],
)
def test_what_is_no_number(text: str, sentence: str) -> None:
    assert read_number(text) == NotANumber(sentence)


def test_several_numbers() -> None:
    text = "Sue 2125550100, Bob (212) 555-0101 x4, office 1-800-FLOWERS, Sue again +1 212 555 0100"
    reading = read_number(text)
    assert isinstance(reading, SeveralNumbers)
    assert [each.e164 for each in reading.numbers] == ["+12125550100", "+12125550101", "+18003569377"]
    assert reading.note == "There are 3 phone numbers in this text."
    assert [text[each.start : each.end] for each in find_numbers(text)] == [
        *("2125550100", "(212) 555-0101 x4", "1-800-FLOWERS", "+1 212 555 0100"),
    ]


# Properties.

NATIONAL = st.from_regex(r"[2-9](?!11)[0-9]{2}[2-9][0-9]{6}", fullmatch=True)
FORMS = [
    "{a}{b}{c}",
    "{a}-{b}-{c}",
    "{a}.{b}.{c}",
    "{a} {b} {c}",
    "({a}) {b}-{c}",
    "({a}){b}-{c}",
    "{a}/{b}-{c}",
    "1{a}{b}{c}",
    "1-{a}-{b}-{c}",
    "1 ({a}) {b}-{c}",
    "+1{a}{b}{c}",
    "+1 {a} {b} {c}",
    "+1 ({a}) {b}-{c}",
    "+1.{a}.{b}.{c}",
    "tel:+1-{a}-{b}-{c}",
    "'{a}{b}{c}",
    "1{a}{b}{c}.0",
]
JUNK_BEFORE = ["", " ", "\t", "call ", "Dana: ", "cell — ", "“", "my number is ", "Ph.", "mobile:", "☎ "]
JUNK_BEHIND = ["", " ", "\n", " pls", ", thanks", "!", ".", "”", " (cell)", ";", " after five"]
DIGITS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "०१२३४५६७८९"]
SPACES = [" ", "\u00a0", "\u2009", "\u202f", "\u3000"]
DASHES = ["-", "‐", "‑", "–", "—", "−", "－"]


def written(form: str, national: str) -> str:
    return form.format(a=national[:3], b=national[3:6], c=national[6:])


@given(NATIONAL, st.sampled_from(FORMS))
def test_every_form_leads_back_to_the_number(national: str, form: str) -> None:
    number = exact(written(form, national))
    assert (number.e164, number.note, number.sure) == (f"+1{national}", "", True)


@given(NATIONAL, st.sampled_from(FORMS[:-2]), st.sampled_from(JUNK_BEFORE), st.sampled_from(JUNK_BEHIND))
def test_junk_around_it_changes_nothing(national: str, form: str, before: str, behind: str) -> None:
    number = exact(before + written(form, national) + behind)
    assert (number.e164, number.note, number.sure) == (f"+1{national}", "", True)


@given(
    NATIONAL,
    st.sampled_from(FORMS),
    st.sampled_from(DIGITS),
    st.sampled_from(SPACES),
    st.sampled_from(DASHES),
    st.sampled_from(["", "\u200b", "\u202a", "\ufeff"]),
)
def test_other_signs_that_look_the_same(
    national: str, form: str, digits: str, space: str, dash: str, unseen: str
) -> None:
    signs = str.maketrans("0123456789 -", f"{digits}{space}{dash}")
    number = exact(unseen + written(form, national).translate(signs) + unseen)
    assert (number.e164, number.note, number.sure) == (f"+1{national}", "", True)


@given(
    NATIONAL,
    st.sampled_from(FORMS[:14]),
    st.sampled_from(
        [" x{}", "x{}", " ext {}", " ext. {}", " extension {}", " #{}", ",,{}", ";ext={}", " poste {}"]
    ),
    st.from_regex(r"[0-9]{1,6}", fullmatch=True),
)
def test_any_extension_is_told(national: str, form: str, extension: str, digits: str) -> None:
    number = exact(written(form, national) + extension.format(digits))
    assert (number.e164, number.extension) == (f"+1{national}", digits)
    assert digits in number.note


@given(st.from_regex(r"[2-9](?!11)[0-9]{2}", fullmatch=True), st.from_regex(r"[A-Z]{7}", fullmatch=True))
def test_letters_lead_to_their_keys(area: str, letters: str) -> None:
    assume(set(letters) - set("OIL"))
    keys = {letter: str(key) for key, of in zip(range(2, 10), KEYS, strict=True) for letter in of}
    assert exact(f"1-{area}-{letters}").e164 == f"+1{area}" + "".join(keys[letter] for letter in letters)


KEYS = ["ABC", "DEF", "GHI", "JKL", "MNO", "PQRS", "TUV", "WXYZ"]


@given(NATIONAL, st.booleans(), st.integers(0, 10), st.sampled_from(["E", "e"]), st.sampled_from(["+", ""]))
def test_scientific_notation_is_never_trusted_beyond_what_it_shows(
    national: str, country: bool, decimals: int, e: str, plus: str
) -> None:
    whole = int(f"1{national}" if country else national)
    mantissa, exponent = f"{whole:.{decimals}e}".split("e")
    cell = f"{mantissa}{e}{plus}{int(exponent)}"
    reading = read_number(cell)
    if isinstance(reading, ExactNumber) and reading.sure:
        assert reading.e164 == f"+1{national}"
    elif isinstance(reading, ExactNumber):
        assert "a spreadsheet wrote it as" in reading.note
    else:
        assert decimals < len(str(whole)) - 1
        assert isinstance(reading, NotANumber)
    if decimals >= len(str(whole)) - 1:
        assert isinstance(reading, ExactNumber)
        assert reading.sure


@given(NATIONAL)
def test_numbers_that_a_spreadsheet_took_for_sums(national: str) -> None:
    for cell in (
        f"{int(national):,}",
        f"{int('1' + national):,}",
        str(float(national)),
        f"{int(national)}.00",
    ):
        number = exact(cell)
        assert (number.e164, number.sure) == (f"+1{national}", True)


@given(
    st.lists(NATIONAL, min_size=2, max_size=4, unique=True),
    st.sampled_from(FORMS[:14]),
    st.sampled_from([" or ", "\n", ", ", "; ", " / ", "/", " and ", " | ", "\t"]),
)
def test_several_are_all_found_in_their_order(nationals: list[str], form: str, between: str) -> None:
    reading = read_number(between.join(written(form, each) for each in nationals))
    assert isinstance(reading, SeveralNumbers), reading
    assert [each.e164 for each in reading.numbers] == [f"+1{each}" for each in nationals]
    assert all(each.sure for each in reading.numbers)


@given(st.from_regex(r"[0-9]{3,9}", fullmatch=True))
def test_fewer_digits_are_a_part(digits: str) -> None:
    reading = read_number(digits)
    assert isinstance(reading, NumberFragment)
    assert reading.digits == (digits[1:] if len(digits) == 8 and digits[0] == "1" else digits)


COUNTRIES = ["GB", "FR", "DE", "MX", "IN", "AU", "BR", "JP", "IT", "ES", "SE", "NG", "PH", "SG", "IE"]
EXAMPLES = {country: phonenumbers.example_number(country) for country in COUNTRIES}


@pytest.mark.parametrize("country", COUNTRIES)
def test_numbers_of_other_countries(country: str) -> None:
    parsed = EXAMPLES[country]
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    for text in (e164, shown, f"my number is {shown}, ok?", f"{shown} x7"):
        number = exact(text)
        assert (number.e164, number.sure) == (e164, True), text
    for prefix in ("011", "011 ", "00"):
        number = exact(prefix + shown[1:])
        assert (number.e164, number.note) == (e164, f"Read as {shown}.")
    # Ten digits are taken for a US or Canadian number; whatever else is read without the plus is told.
    lost = read_number(e164[1:])
    assert not isinstance(lost, ExactNumber) or not lost.sure or len(e164) == 11


@given(
    st.text(st.characters(exclude_categories=()), max_size=60)
    | st.text("0123456789+-(). xXeE,'=", max_size=40)
)
@example("\ud83d+1 212")
@example("011" * 9)
@example("+1 2125550100 2")
def test_anything_can_be_read(text: str) -> None:
    reading = read_number(text)
    for number in (*find_numbers(text), *([reading] if isinstance(reading, ExactNumber) else [])):
        assert re.fullmatch(r"\+[1-9][0-9]{4,14}", number.e164)
        assert text[number.start : number.end] == number.written != ""
        assert number.sure or number.note
    if isinstance(reading, NotANumber):
        assert reading.sentence.endswith(".")
    if isinstance(reading, NumberFragment):
        assert re.fullmatch(r"[0-9]{3,9}", reading.digits)


@pytest.mark.parametrize(
    "piece",
    ["+1 ", "222-a-", "212-555-0100 ", "1", "+44 20 7946 ", "(", "2 ", "1-800-", "212 555 ", "x", "\u0301"],
)
def test_a_huge_text_is_read_in_no_time(piece: str) -> None:
    begun = time.process_time()
    read_number(piece * (1_000_000 // len(piece)))
    assert time.process_time() - begun < 3


def test_most_cells_of_a_list_are_read_in_microseconds() -> None:
    cells = ["+12125550100", "(212) 555-0100", "212-555-0100", "2125550100", "1 212 555 0100"] * 400
    begun = time.process_time()
    for cell in cells:
        read_number(cell)
    assert (time.process_time() - begun) / len(cells) < 100e-6
