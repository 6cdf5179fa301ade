"""How much of a customer may be seen by whoever stands near the screen."""

from enum import StrEnum


class Disclosure(StrEnum):
    """How much of a customer a notification shows: the screen may be seen by others."""

    NUMBER_AND_TEXT = "number_and_text"
    NUMBER = "number"
    NEITHER = "neither"
