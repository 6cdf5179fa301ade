"""While one connection is handed over to the next, both tell the same changes: each is taken once."""

from collections import Counter
from contextlib import suppress
from hashlib import blake2b

from app.domain.events import Event
from app.ringcentral.wirejson import Unparsable, dump, parse


class Overlap:
    """Tells the second arrival of a notification from the first, whichever connection was faster.

    The two subscriptions give a change different identifiers and times, but one body. The log would know
    most of them again by what they say; this also holds for what cannot be understood.
    """

    def __init__(self) -> None:
        self._arrived: dict[int, Counter[bytes]] = {}

    def is_second(self, connection: object, event: Event) -> bool:
        """Note that the event came on this connection; whether another one has brought it before."""
        counts = self._arrived.setdefault(id(connection), Counter())
        key = _content(event)
        counts[key] += 1
        others = (other[key] for one, other in self._arrived.items() if one != id(connection))
        return counts[key] <= max(others, default=0)


def _content(event: Event) -> bytes:
    """A digest: there may be very many events in half a minute."""
    text = event.raw
    with suppress(Unparsable):
        envelope = parse(event.raw)
        if isinstance(envelope, dict) and "body" in envelope:
            text = f"{event.event} {dump(envelope['body'])}"
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
