"""Reading by REST what the stream cannot have told: after every connection, from the last proof on.

The service filters its lists by the time a record was made, so a window alone does not find a batch of
yesterday that was completed during today's gap: what is known to be open is asked for by its id. Nothing
is said of the order of its lists, so none is relied on: what can be resumed is a slice of the window.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from app.domain.clock import isoformat
from app.domain.problems import ServiceError
from app.ringcentral.bodies import BATCHES, MESSAGES, batch_from_rest, message_from_rest
from app.sync.consents import Consents
from app.sync.reading import Reading
from app.sync.to_read import Listing, Span
from app.sync.unfinished import OPEN_FOR, RECENT, Unfinished
from app.transport.api_client import ApiClient

log = logging.getLogger(__name__)

SLICE = 25_000
"""Messages between two points from which a reading that was interrupted goes on. Each such point costs a
request, of which the rate limits allow less than one a second."""

COUNTED = timedelta(hours=1)
"""A longer time is counted before it is read: one request, for slices of a good size and for the progress."""

EDGE = timedelta(seconds=60)
"""Read beyond the end of a slice: clocks differ, and whether ends belong to a window is not said."""

MOST_NUMBERS = 15
"""Of so many numbers at once the service lists the messages."""

TOLD_FOR = timedelta(days=30)
"""A list that is refused is given up for what was made longer ago: the service need not keep it for ever."""

_REFUSALS = frozenset({400, 404, 405, 409, 410, 413, 414, 422})

Progress = Callable[[int | None, datetime | None], None]
"""Told how many records are left to be read (``None``: unknown), and until when rate limits hold us."""


class ReadBack:
    """Asks the service for everything that is still to be read, and stores it.

    What is in the log already is skipped there: reading twice, or what the stream tells as well, makes
    no second row.
    """

    def __init__(self, api: ApiClient, reading: Reading, progress: Progress) -> None:
        self._api = api = api.telling(self._waits)
        self._reading = reading
        self._progress = progress
        self._left: int | None = None
        self._at: tuple[Listing, Span] | None = None
        self._refused: set[tuple[Listing, Span]] = set()
        self._consents = Consents(api, reading)
        self._unfinished = Unfinished(api, reading, self._set_left)

    async def run(self, *, again: bool = False, check_since: datetime | None = None) -> None:
        """Read until nothing is left to be read, also of what is asked for meanwhile.

        ``again``: it was all read a little while ago. ``check_since``: afterwards compare consents since then
        with how they stand.

        Raises:
            SignInNeeded, PermissionMissing, ServiceError, Unreachable, RateHeld, LogUnavailable: it is
                not complete; what was read is kept, and another attempt goes on behind it.
        """
        self._refused.clear()
        refusal: ServiceError | None = None
        while step := self._next(again):
            try:
                await step()
            except ServiceError as error:
                # What the service does not want to tell must not keep back what it would.
                if self._at is None or error.status not in _REFUSALS:
                    raise
                refusal = refusal or error
                await self._leave(*self._at)
        if check_since is not None:
            await self._consents.check(check_since)
        if refusal is not None:
            raise refusal

    def _next(self, again: bool) -> Callable[[], Awaitable[None]] | None:
        """What is to be read next."""
        left = self._reading.left
        if spans := left.of(Listing.CONSENTS):
            self._at = None
            return partial(self._consents.read, spans)
        for listing, read in ((Listing.BATCHES, self._batches), (Listing.MESSAGES, self._messages)):
            for span in left.of(listing):
                if (listing, span) not in self._refused:
                    self._at = (listing, span)
                    return partial(read, span)
        if left.settled:
            return None
        self._at = None
        return partial(self._unfinished.read, RECENT if again else OPEN_FOR)

    async def _leave(self, listing: Listing, span: Span) -> None:
        """The service refuses this: leave it for another attempt, or for good what is long ago."""
        oldest = self._api.time.now() - TOLD_FOR
        if span.since < oldest:
            log.warning("the service tells nothing so old of %s", listing)
            gone = Span(span.since, min(span.until, oldest))
            await self._reading.note(lambda left: left.minus(listing, gone))
        else:
            self._refused.add((listing, span))

    async def _batches(self, span: Span) -> None:
        followed = self._reading.followed()
        params = {"from": next(iter(followed))} if len(followed) == 1 else {}
        async for page in self._api.pages(BATCHES, self._window(span) | params):
            await self._reading.take(batch_from_rest, page)
        await self._reading.note(lambda left: left.minus(Listing.BATCHES, span))

    async def _messages(self, span: Span) -> None:
        followed = self._reading.followed()
        numbers: dict[str, Any] = {"phoneNumber": sorted(followed)} if len(followed) <= MOST_NUMBERS else {}
        slices = await self._slices(span, numbers)
        for part in slices:
            params = self._window(part) | numbers | {"view": "Detailed"}
            async with aclosing(self._api.pages(MESSAGES, params, ahead=True)) as pages:
                async for page in pages:
                    await self._reading.take(message_from_rest, page)
                    self._count_down(len(page))
            await self._reading.note(lambda left, part=part: left.minus(Listing.MESSAGES, part))  # type: ignore[misc]
        self._left = None

    async def _slices(self, span: Span, numbers: dict[str, Any]) -> list[Span]:
        """The span in pieces of so many messages, if they are evenly spread; the newest first."""
        if span.until - span.since < COUNTED:
            return [span]
        try:
            count = await self._api.count_messages(self._window(span) | numbers)
        except ServiceError:
            log.info("the messages cannot be counted beforehand")
            return [span]
        self._set_left(count)
        number = max(1, round(count / SLICE))
        length = (span.until - span.since) / number
        edges = [span.since + length * index for index in range(number)] + [span.until]
        return [Span(since, until) for since, until in pairwise(edges)][::-1]

    def _window(self, span: Span) -> dict[str, Any]:
        window = {"dateFrom": isoformat(span.since)}
        until = span.until + EDGE
        if until < self._api.time.now():
            window["dateTo"] = isoformat(until)
        return window

    def _count_down(self, records: int) -> None:
        if self._left is not None:
            self._left = max(0, self._left - records)
        self._progress(self._left, None)

    def _set_left(self, left: int) -> None:
        self._left = left
        self._progress(left, None)

    def _waits(self, until: datetime | None) -> None:
        self._progress(self._left, until)
