"""Telephone numbers as people in the US and Canada write them, and as spreadsheets leave them behind.

Nothing is guessed in silence: what was left out or had to be assumed is told in ``note``, and where more than
one reading is reasonable ``sure`` is false, or there is no number at all.
"""

import re
from dataclasses import dataclass, replace

from app.domain.number_forms import (
    MOST_DIGITS,
    ExactNumber,
    Folded,
    candidates,
    fold,
    placed,
    quoted,
)
from app.domain.numbers import format_number

SHORTEST_FRAGMENT = 3
"""Fewer digits are not worth looking for."""
LONGEST_TEXT = 10_000
"""Characters that are looked at."""


@dataclass(frozen=True, slots=True)
class NumberFragment:
    """A part of a number, such as its last digits."""

    digits: str
    note: str
    """Why it is not a whole number, in a plain sentence."""
    short_code: bool = False
    """It may also be a short code: five or six digits that are a number by themselves."""


@dataclass(frozen=True, slots=True)
class SeveralNumbers:
    """More than one whole number, each different, in the order of the text."""

    numbers: tuple[ExactNumber, ...]
    note: str


@dataclass(frozen=True, slots=True)
class NotANumber:
    """There is no number in it. ``sentence`` says why, and is fit to show."""

    sentence: str


Reading = ExactNumber | NumberFragment | SeveralNumbers | NotANumber


def read_number(text: str) -> Reading:
    """What number somebody means by a text: a field of a form, a cell of a table, the clipboard.

    Any ``str`` may be given; nothing is ever raised.
    """
    plain = _PLAIN.fullmatch(text)
    if plain:
        area, exchange, line = plain[1] or plain[2], plain[3], plain[4]
        if area[1:] != "11":
            return ExactNumber(f"+1{area}{exchange}{line}", text.strip(), *_inside(text))
    folded = fold(text[:LONGEST_TEXT])
    if not folded.text.strip():
        return NotANumber("Type a phone number.")
    return _from_spreadsheet(text, folded) or _from_prose(text, folded)


def find_numbers(text: str) -> tuple[ExactNumber, ...]:
    """All whole numbers in a text, in its order; one that is written twice comes twice."""
    folded = fold(text[:LONGEST_TEXT])
    return tuple(placed(each, folded, text) for each in candidates(folded.text))


_PLAIN = re.compile(
    r"\s*(?:\+?1[ .-]?)?(?:\(([2-9]\d\d)\) ?|([2-9]\d\d)[ .-]?)([2-9]\d\d)[ .-]?(\d{4})\s*", re.ASCII
)
"""Most of what is typed."""

_RUN = re.compile(r"\+?[(]?\d(?:[ ./()·•-]{0,3}\d)*", re.ASCII)
_MASK = re.compile(r"[xX*•#]{2,}|…|\.{2,}")
_SCIENTIFIC = re.compile(r"[+-]?(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE | re.ASCII)
_DECIMAL = re.compile(r"(\+?\d{10,15})[.,]0+", re.ASCII)
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3}){3,4}(?:\.0+)?", re.ASCII)
_QUOTING = "'\"=’‘“”` \t\r\n"
_MISTAKABLE = re.compile(r"[\dOoIl ().+/-]{7,}", re.ASCII)
_FEWEST_GIVEN = 8
"""Digits that scientific notation must show. A spreadsheet that rounds shows six or fewer."""


def _inside(text: str) -> tuple[int, int]:
    start = len(text) - len(text.lstrip())
    return start, start + len(text.strip())


# What a spreadsheet makes of a number.


def _from_spreadsheet(text: str, folded: Folded) -> Reading | None:
    cell = folded.text.strip(_QUOTING)
    digits, note, sure = "", "", True
    if scientific := _SCIENTIFIC.fullmatch(cell):
        given = scientific[1] + (scientific[2] or "")
        length = int(scientific[3]) + 1
        given = given[:length] + given[length:].rstrip("0")
        lost = length - len(given)
        if lost < 0 or not 10 <= length <= MOST_DIGITS:
            return NotANumber(f"{quoted(text)} is not a phone number.")
        if lost and len(given) < min(_FEWEST_GIVEN, length - 1):
            return NotANumber(
                f"{quoted(text)} was cut short by a spreadsheet: its last {lost} digits are lost. "
                "Format the column as text and save it again."
            )
        digits = given + "0" * lost
        if lost:
            last = "last digit" if lost == 1 else f"last {lost} digits"
            note, sure = f"Check the {last}: a spreadsheet wrote it as {cell}.", False
    elif decimal := _DECIMAL.fullmatch(cell):
        digits = decimal[1]
    elif _THOUSANDS.fullmatch(cell):
        digits = cell.split(".")[0].replace(",", "")
    if not digits:
        return None
    reading = _of_digits(digits, text)
    if isinstance(reading, ExactNumber):
        start, end = _inside(text)
        note = " ".join(filter(None, [note, reading.note]))
        return replace(
            reading, start=start, end=end, written=text.strip(), note=note, sure=sure and reading.sure
        )
    return reading


# What a person writes.


def _from_prose(text: str, folded: Folded) -> Reading:
    found = [placed(each, folded, text) for each in candidates(folded.text)]
    different: dict[str, ExactNumber] = {}
    for each in found:
        different.setdefault(each.e164, each)
    if len(different) > 1:
        numbers = tuple(different.values())
        return SeveralNumbers(numbers, f"There are {len(numbers)} phone numbers in this text.")
    if found:
        return found[0]
    return _of_rest(text, folded)


# What is left: parts of numbers, and numbers that cannot be.


def _of_rest(text: str, folded: Folded) -> Reading:
    runs = [(re.sub(r"\D", "", run[0]), run) for run in _RUN.finditer(folded.text)]
    shown = quoted(text)
    if not runs:
        return NotANumber(f"There is no phone number in {shown}.")
    if _MISTAKABLE.fullmatch(folded.text.strip()) and re.search(r"[OoIl]", folded.text):
        return NotANumber(f"There are letters among the digits of {shown}: type 0 for O, and 1 for I and l.")
    digits, run = runs[-1]
    if _MASK.search(folded.text) and SHORTEST_FRAGMENT <= len(digits) < 10:
        return NumberFragment(digits, "The rest of this number is hidden.")
    long = [each for each in runs if len(each[0]) >= 7]
    enough = long if len(long) == 1 else [each for each in runs if len(each[0]) >= SHORTEST_FRAGMENT]
    if not enough:
        return NotANumber(f"Type at least {SHORTEST_FRAGMENT} digits of the phone number.")
    if len(enough) > 1:
        return NotANumber(f"There is no whole phone number in {shown}, and more than one part of one.")
    digits, run = enough[0]
    reading = _of_digits(digits, text)
    if isinstance(reading, ExactNumber):
        # Its digits are not grouped as those of such a number are.
        note = reading.note or f"Read as {format_number(reading.e164)}."
        number = ExactNumber(reading.e164, run[0], run.start(), run.end(), note=note, sure=False)
        return placed(number, folded, text)
    return reading


def _of_digits(digits: str, text: str) -> Reading:
    """What digits without any signs can be. The place of a number is left to the caller."""
    digits = digits.removeprefix("+")
    shown = quoted(text)
    national = digits[1:] if len(digits) in {8, 11} and digits[0] == "1" else digits
    if len(national) == 10 and not (wrong := _why_not(national)):
        return ExactNumber(f"+1{national}", digits, 0, len(digits))
    if len(digits) < 10:
        return _fragment(national if len(digits) == 8 else digits)
    if len(national) == 10:
        hint = "" if "+" in text else " Write + and the country code before a number of another country."
        return NotANumber(f"{shown} cannot be a US or Canadian number: {wrong}.{hint}")
    if len(digits) > MOST_DIGITS:
        return NotANumber(f"{shown} has too many digits for a phone number.")
    number = next(iter(candidates(f"+{digits}")), None)
    if number is None or number.e164 != f"+{digits}":
        return NotANumber(f"{shown} is neither a US or Canadian number nor that of another country.")
    note = f"Read as {format_number(number.e164)}: its plus sign is missing."
    return ExactNumber(number.e164, digits, 0, len(digits), note=note, sure=False)


def _why_not(national: str) -> str:
    if national[0] in "01":
        return f"an area code does not begin with {national[0]}"
    if national[1:3] == "11":
        return f"{national[:3]} is not an area code"
    if national[3] in "01":
        return f"behind the area code it does not go on with {national[3]}"
    return ""


def _fragment(digits: str) -> NumberFragment:
    match len(digits):
        case 5 | 6:
            note = "This is a part of a number, or a short code."
            return NumberFragment(digits, note, short_code=digits[0] not in "01")
        case 7:
            return NumberFragment(digits, "This number has no area code.")
        case 8 | 9:
            return NumberFragment(digits, f"These are {len(digits)} digits; a whole number has 10.")
        case _:
            return NumberFragment(digits, "This is a part of a number.")


__all__ = [
    "LONGEST_TEXT",
    "SHORTEST_FRAGMENT",
    "ExactNumber",
    "NotANumber",
    "NumberFragment",
    "Reading",
    "SeveralNumbers",
    "find_numbers",
    "read_number",
]
