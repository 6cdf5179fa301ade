"""Telephone numbers of the US and Canada, as people write them and as the service sends them.

A number travels through the program as a plain E.164 ``str`` (``+16505550100``): what the service
sends is kept even where it is not a valid number, so nothing here is needed to store an event.
"""

from dataclasses import dataclass

# phonenumbers is imported where it is used, for it takes some hundredths of a second: what is shown from
# day to day are numbers of the US and Canada, and these need none of it.

DEFAULT_REGION = "US"


class NumberError(ValueError):
    """The text cannot be a telephone number. ``str()`` of it is one sentence fit to show."""


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """One of the account's numbers that can send High Volume SMS."""

    e164: str
    label: str = ""

    @property
    def title(self) -> str:
        """The label and the number as people read them: ``Front desk (650) 555-0100``."""
        shown = format_number(self.e164)
        return f"{self.label} {shown}" if self.label else shown

    @property
    def short(self) -> str:
        """The label where there is one, else the number: for sentences."""
        return self.label or format_number(self.e164)


def parse_number(text: str, region: str = DEFAULT_REGION) -> str:
    """Return the E.164 form of a number a person typed.

    Accepts any usual punctuation, with or without the country code.

    Raises:
        NumberError: the text is empty or cannot be a number of any country.
    """
    cleaned = text.strip()
    if not cleaned:
        raise NumberError("Type a phone number.")
    import phonenumbers

    try:
        parsed = phonenumbers.parse(cleaned, region)
    except phonenumbers.NumberParseException:
        raise NumberError(f"“{cleaned}” is not a phone number.") from None
    if not phonenumbers.is_possible_number(parsed):
        raise NumberError(f"“{cleaned}” has too few or too many digits for a phone number.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def format_number(e164: str) -> str:
    """Return a number as people read it: ``(650) 555-0100``, ``+44 20 7946 0000``.

    What is not an E.164 number comes back unchanged; this never raises.
    """
    # phonenumbers would read letters as the digits they share a key with.
    if not (e164.startswith("+") and e164[1:].isdecimal() and e164.isascii()):
        return e164
    if len(e164) == 12 and e164.startswith("+1"):
        return f"({e164[2:5]}) {e164[5:8]}-{e164[8:]}"
    import phonenumbers

    try:
        parsed = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
