"""The forms in which whole telephone numbers stand in texts, and how they are found there.

For what a text as a whole means see ``read_numbers``.
"""

import re
import unicodedata
from dataclasses import dataclass, replace

from app.domain.numbers import format_number


@dataclass(frozen=True, slots=True)
class ExactNumber:
    """One whole number."""

    e164: str
    written: str
    """As it stands in the text."""
    start: int
    end: int
    extension: str = ""
    """What was dialled behind it; texts know of none."""
    note: str = ""
    """What was left out or assumed, in a plain sentence or two; ``""``: nothing."""
    sure: bool = True
    """False: it could be meant otherwise, so somebody should look."""


_SEPARATOR = r"[ ./·•\-]"
_BETWEEN = r"[\s./·•)\]\-]{0,3}"
_NANP = re.compile(
    rf"""(?<!\d)
        (?:[(\[]?(?:\+|00|011[ -]?)?1[)\]]?{_SEPARATOR}{{0,3}})?
        [(\[]?(?P<area>[2-9]\d\d)[)\]]?{_BETWEEN}
        [(\[]?(?P<exchange>[2-9]\d\d){_BETWEEN}(?P<line>\d{{4}})(?!\d)""",
    re.VERBOSE | re.ASCII,
)
_VANITY = re.compile(
    rf"""(?<![\w+])(?:\+?1{_SEPARATOR}{{0,2}})?[(\[]?(?P<area>[2-9]\d\d)[)\]]?
        (?:[.\-]|\)?[ ]?(?=[A-Z0-9 .\-]{{7,}}(?![a-z])))
        (?P<letters>[A-Za-z0-9]{{1,15}}(?:-[A-Za-z0-9]{{1,15}}){{0,4}}
            (?:[ ][A-Z0-9]{{1,15}}(?![a-z])){{0,4}})""",
    re.VERBOSE | re.ASCII,
)
_FOREIGN = re.compile(
    r"(?:\+|(?<![\d.,:/-])(?:011|00)(?=[ .-]?[1-9]))[ .-]?(?P<digits>[(]?\d(?:[ ./()-]{0,3}\d){5,24})",
    re.ASCII,
)
_EXTENSION = re.compile(
    r"(?:\s*[,;(]?\s*(?:extension|ext|extn|poste|x|#)\s*[.:=#]?\s*|\s*,{2,}\s*)(\d{1,7})(?!\d)[)]?",
    re.ASCII | re.IGNORECASE,
)
_BEFORE = re.compile(r"(?:^|[^\d./:-])(\d{1,3}) $", re.ASCII)
"""As a country code without its plus would stand there."""
_BEHIND = re.compile(r"\s*[./x#-]+\s*(\d+)", re.ASCII | re.IGNORECASE)
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_TOLL_FREE = frozenset({"800", "822", "833", "844", "855", "866", "877", "888"})
MOST_DIGITS = 15
"""Of a telephone number (ITU-T E.164)."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text with all kinds of digits, dashes and spaces made plain, and the invisible left out."""

    text: str
    places: tuple[int, ...] | None
    """Where each character comes from; ``None``: from the same place."""

    def place(self, index: int) -> int:
        """Where a character of ``text`` stands in what was given."""
        if self.places is None or index >= len(self.places):
            return index if self.places is None else (self.places[-1] + 1 if self.places else 0)
        return self.places[index]


class _Plain(dict[int, str]):
    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Nd":
            plain = str(unicodedata.digit(character))
        elif category in {"Cf", "Mn", "Me"}:
            plain = ""
        elif category == "Pd" or character in "−‐":
            plain = "-"
        elif category[0] == "Z":
            plain = " "
        else:
            plain = unicodedata.normalize("NFKC", character)
            plain = plain if len(plain) == 1 else character
        self[code] = plain
        return plain


_TO_PLAIN = _Plain()


def fold(text: str) -> Folded:
    if text.isascii():
        return Folded(text, None)
    folded = text.translate(_TO_PLAIN)
    if len(folded) == len(text):
        return Folded(folded, None)
    return Folded(folded, tuple(place for place, sign in enumerate(text) if _TO_PLAIN[ord(sign)]))


def placed(number: ExactNumber, folded: Folded, text: str) -> ExactNumber:
    """With its place in the text that was given instead of the folded one."""
    start, end = folded.place(number.start), folded.place(number.end - 1) + 1
    return replace(number, start=start, end=end, written=text[start:end])


def quoted(text: str) -> str:
    """A text in quotes, short enough for a sentence."""
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in text[:200]).split())
    return f"“{words if len(words) <= 40 else words[:39] + '…'}”"


def candidates(text: str) -> list[ExactNumber]:
    """The whole numbers in a folded text."""
    found: list[ExactNumber] = []
    place = 0
    coming = [(finder, finder(text, place)) for finder in (_next_abroad, _next_spelled, _next_plain)]
    while True:
        coming = [
            (finder, number if number.start >= place else finder(text, place))
            for finder, number in coming
            if number is not None
        ]
        numbers = [number for _, number in coming if number is not None]
        if not numbers:
            break
        # Of two readings of the same digits the one that begins earlier has seen the country code.
        number = min(numbers, key=lambda each: (each.start, -each.end))
        extension = _EXTENSION.match(text, number.end)
        if extension:
            said = f"Extension {extension[1]} was left out: texts do not go to extensions."
            note = f"{number.note} {said}".lstrip()
            number = replace(number, extension=extension[1], end=extension.end(), note=note)
        found.append(number)
        place = number.end
    places = [0, *(each.end for each in found)]
    starts = [*(each.start for each in found[1:]), len(text)]
    return [
        _with_neighbours(number, text[before : number.start], text[number.end : after])
        for number, before, after in zip(found, places, starts, strict=False)
    ]


def _next_plain(text: str, place: int) -> ExactNumber | None:
    nanp = _NANP.search(text, place)
    while nanp and (nanp["area"][1:] == "11" or _continues(text, nanp.start(), place)):
        nanp = _NANP.search(text, nanp.start() + 1)
    if nanp is None:
        return None
    e164 = f"+1{nanp['area']}{nanp['exchange']}{nanp['line']}"
    return ExactNumber(e164, nanp[0], nanp.start(), nanp.end())


def _continues(text: str, start: int, place: int) -> bool:
    """What begins here goes on from digits that are no number found before: ``2026-11-212-555-0100``."""
    return start - 1 > place and text[start - 1] in "./,:-" and text[start - 2].isdigit()


def _next_spelled(text: str, place: int) -> ExactNumber | None:
    vanity = _VANITY.search(text, place)
    while vanity and not (number := _spelled(vanity)):
        vanity = _VANITY.search(text, vanity.start() + 1)
    return number if vanity else None


def _next_abroad(text: str, place: int) -> ExactNumber | None:
    foreign = _FOREIGN.search(text, place)
    while foreign and not (number := _foreign(foreign)):
        foreign = _FOREIGN.search(text, foreign.end())
    return number if foreign else None


def _spelled(vanity: re.Match[str]) -> ExactNumber | None:
    """``1-800-FLOWERS``: letters as the keys of a telephone."""
    letters = re.sub(r"[^A-Z0-9]", "", vanity["letters"].upper())
    first = letters[:7]
    if vanity["area"][1:] == "11" or len(first) < 7 or not any(sign.isalpha() for sign in first):
        return None
    only = {sign for sign in first if sign.isalpha()}
    digits = first.translate(_KEYS)
    if only <= {"O", "I", "L"} or re.fullmatch(r"\d+X\d*", first) or digits[0] in "01":
        return None  # a zero or a one that was typed as a letter; an extension
    e164 = f"+1{vanity['area']}{digits}"
    note = f"{quoted(vanity[0])} is {format_number(e164)} on the keys of a phone."
    if len(letters) > 7:
        note += f" “{letters[7:]}” at its end is not dialled."
    usual = vanity["area"] in _TOLL_FREE or vanity[0][0] in "+1([" or first[:3].isdigit()
    return ExactNumber(e164, vanity[0], vanity.start(), vanity.end(), note=note, sure=usual)


def _foreign(found: re.Match[str]) -> ExactNumber | None:
    """A number with its country code, as far as it can be one: behind it there may be other digits."""
    import phonenumbers

    groups = list(re.finditer(r"\d+", found["digits"]))
    if found["digits"].lstrip("( ").startswith("1"):
        return None  # of the US or Canada, which is read as such
    best: tuple[str, int] | None = None
    for last in reversed(groups):
        digits = re.sub(r"\(0\)|\D", "", found["digits"][: last.end()])
        if len(digits) > MOST_DIGITS:
            continue
        try:
            parsed = phonenumbers.parse(f"+{digits}", None)
        except phonenumbers.NumberParseException:
            continue
        e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        if phonenumbers.is_valid_number(parsed):
            best = e164, last.end()
            break
        if best is None and last is groups[-1] and phonenumbers.is_possible_number(parsed):
            best = e164, last.end()
    if best is None:
        return None
    e164, length = best
    end = found.start("digits") + length
    note = "" if found[0].startswith("+") else f"Read as {format_number(e164)}."
    return ExactNumber(e164, found[0], found.start(), end, note=note)


def _with_neighbours(number: ExactNumber, before: str, behind: str) -> ExactNumber:
    """Tells of signs right before or behind a number that may belong to it."""
    notes, sure = [number.note] if number.note else [], number.sure
    digits = _BEFORE.search(before)
    if before.endswith("+"):
        notes.append(f"Read as {format_number(number.e164)}: the 1 behind the plus sign is missing.")
        sure = False
    elif digits and not number.written.startswith(("+", "1")):
        notes.append(f"“{digits[1]}” before it was left out.")
        sure = False
    more = _BEHIND.match(behind)
    if more:
        notes.append(f"“{more[1]}” behind it was left out.")
        sure = False
    return replace(number, note=" ".join(notes), sure=sure) if notes else number
