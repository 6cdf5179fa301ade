"""The service's message error codes in six heaps, in plain words with what to do.

After the error table of RingCentral's developer guide (High Volume SMS). A code names who refused
(``SMS-RC`` RingCentral, ``SMS-UP`` the carrier's supplier, ``SMS-CAR`` the customer's carrier) and why.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Heap(StrEnum):
    """What kind of trouble it is, told apart by what a person would do about it."""

    WRONG_NUMBER = "wrong_number"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    OWN_NUMBER = "own_number"
    NO_ANSWER = "no_answer"
    TRY_LATER = "try_later"


@dataclass(frozen=True, slots=True)
class Meaning:
    """An error code, explained."""

    heap: Heap
    short: str
    """A few words for a row: ``Can't get texts``."""
    advice: str
    """What happened and what to do, one or two sentences."""


_HEAPS = {
    Heap.WRONG_NUMBER: Meaning(
        Heap.WRONG_NUMBER, "Can’t get texts", "This number can’t get texts. Check it, or call."
    ),
    Heap.OPTED_OUT: Meaning(
        Heap.OPTED_OUT,
        "Opted out earlier",
        "The customer opted out. Only they can undo it, by texting START.",
    ),
    Heap.BLOCKED: Meaning(
        Heap.BLOCKED,
        "Text was blocked",
        "The text was blocked. Change the wording, the link or the length.",
    ),
    Heap.OWN_NUMBER: Meaning(
        Heap.OWN_NUMBER,
        "Your number is in trouble",
        "Nothing will get through until this is fixed. Ask your RingCentral administrator.",
    ),
    Heap.NO_ANSWER: Meaning(
        Heap.NO_ANSWER, "No answer from the carrier yet", "The carrier hasn’t said whether it arrived."
    ),
    Heap.TRY_LATER: Meaning(Heap.TRY_LATER, "A fault on the way", "A fault on the way. Try again later."),
}

_CODES = {
    Heap.WRONG_NUMBER: "RC-410 UP-410 CAR-400 CAR-411 CAR-412 CAR-460",
    Heap.OPTED_OUT: "RC-413 UP-413 CAR-413",
    Heap.BLOCKED: "RC-430 UP-430 CAR-430 UP-433 CAR-433 CAR-435 UP-432 CAR-432 CAR-434",
    Heap.OWN_NUMBER: ("UP-431 UP-414 CAR-414 CAR-461 RC-503 RC-504 RC-403 CAR-450 CAR-451 CAR-452"),
    Heap.NO_ANSWER: "CAR-104 CAR-199",
    Heap.TRY_LATER: "RC-500 RC-501 UP-500 CAR-410 CAR-431 CAR-500",
}

_BY_CODE = {code: _HEAPS[heap] for heap, codes in _CODES.items() for code in codes.split()}
_SHAPE = re.compile(r"(?:SMS-)?(RC|UP|CAR)-?(\d{3})", re.ASCII | re.IGNORECASE)


def meaning(code: str) -> Meaning | None:
    """What an error code such as ``SMS-CAR-435`` means; ``None`` for one the guide does not list."""
    found = _SHAPE.fullmatch(code.strip())
    return _BY_CODE.get(f"{found[1].upper()}-{found[2]}") if found else None
