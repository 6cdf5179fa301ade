"""When two events are the same event.

A notification's ``uuid`` names the notification, not the change: two filters that both match, a repeat or
a reading back give one change under several. So a change is known by what identifies it:

* a message: its id, its status and when it was last modified;
* a batch: its id, when it was last modified, its status and its counts;
* an opt-out or opt-in: the pair of numbers, the new state, and the time, within a tolerance;
* anything else, and whatever lacks the id: its ``uuid``.
"""

from bisect import bisect_right, insort

from app.domain.events import Event, Family, Source
from app.eventlog.packing import pack_id

STREAM_TOLERANCE = 2_000_000
"""Microseconds. One consent change that the stream tells twice differs by less than this."""

HISTORY_TOLERANCE = 10_000_000
"""Microseconds. One consent change in the stream and in the history differs by less than this."""

Key = int | str | bytes
"""What ``event.key`` holds. Bytes where a uuid stands in, so that it never equals an id."""

Mark = tuple[object, ...]
"""Key, family and whatever else must agree for an event to be the same. Times: microseconds since 1970."""


def identity_of(event: Event, modified: int | None) -> tuple[Key, Mark | None]:
    """The key under which an event is looked for, and its mark.

    ``None`` instead of the mark: a consent change, about which ``PairHistory`` decides. The event's texts
    must be valid Unicode.
    """
    family = event.family
    if family is Family.OUTBOUND or family is Family.INBOUND:
        key = pack_id(event.ref)
        if key is not None:
            return key, (key, family, event.state, modified)
    elif family is Family.BATCH:
        if event.ref:
            # A batch's events have a key each: one of 30,000 messages may well have hundreds.
            key = f"{event.ref}@{modified}"
            return key, (key, family, event.state, event.processed, event.rejected)
    elif family is Family.OPTOUT and (event.number or event.customer):
        return f"{event.number}>{event.customer}", None
    stand_in = event.uuid.encode()
    return stand_in, (stand_in, family)


class PairHistory:
    """The consent changes known of one pair of numbers, to tell whether one more is news.

    Times are microseconds since 1970.
    """

    def __init__(self) -> None:
        self._changes: list[tuple[int, str, bool]] = []

    def add(self, at: int, state: str, source: Source) -> None:
        """Take note of a change."""
        insort(self._changes, (at, state, source is Source.READ_BACK))

    def has(self, at: int, state: str, source: Source) -> bool:
        """Whether this change is known: its neighbour in time has the same state and is close by.

        A change to the other state in between makes it a new one, however close.
        """
        read_back = source is Source.READ_BACK
        place = bisect_right(self._changes, (at, "\U0010ffff", True))
        for other_at, other_state, other_read_back in self._changes[max(0, place - 1) : place + 1]:
            tolerance = STREAM_TOLERANCE if other_read_back == read_back else HISTORY_TOLERANCE
            if other_state == state and abs(other_at - at) <= tolerance:
                return True
        return any(change[:2] == (at, state) for change in self._changes[max(0, place - 3) : place])
