"""Event filters: which are understood, and what they match."""

import re
from dataclasses import dataclass

from app.sandbox.directory import ACCOUNT_ID, HIGH_VOLUME_NUMBERS
from app.sandbox.model import FilterKey

_PREFIX = re.compile(r"/restapi/v1\.0/account/(~|\d+)/a2p-sms/(.+)")
_NUMBER = r"\+[1-9]\d{1,14}"
_FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"batches(?:\?from=({_NUMBER}))?"), "batches"),
    (re.compile(r"batches/([\w-]+)"), "batch"),
    (re.compile(rf"messages\?direction=Inbound(?:&to=({_NUMBER}))?"), "inbound"),
    (re.compile(rf"messages\?to=({_NUMBER})&direction=Inbound"), "inbound"),
    (re.compile(rf"messages\?direction=Outbound(?:&from=({_NUMBER}))?"), "outbound"),
    (re.compile(rf"messages\?from=({_NUMBER})&direction=Outbound"), "outbound"),
    (re.compile(rf"opt-outs(?:\?from=({_NUMBER}))?"), "optouts"),
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """One filter of a subscription."""

    text: str
    """As the client wrote it."""
    key: FilterKey
    event: str
    """What notifications name it: with the real account id."""

    @property
    def foreign_number(self) -> str:
        """The number it is narrowed to, if that is none of the account's High Volume numbers."""
        family, value = self.key
        own = family == "batch" or not value or value in HIGH_VOLUME_NUMBERS
        return "" if own else value


def read_filter(text: str) -> EventFilter | None:
    """The filter, or ``None`` if the guide knows no such one. Plus signs stand for themselves."""
    prefix = _PREFIX.fullmatch(text)
    if prefix is None or prefix[1] not in ("~", ACCOUNT_ID):
        return None
    for form, family in _FORMS:
        if match := form.fullmatch(prefix[2]):
            event = f"/restapi/v1.0/account/{ACCOUNT_ID}/a2p-sms/{prefix[2]}"
            return EventFilter(text, (family, match[1] or ""), event)
    return None
