"""What the log knows to be unfinished is asked for by its id, however long ago it was made."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from app.domain.clock import isoformat
from app.domain.problems import ServiceError
from app.eventlog import OpenBatch
from app.ringcentral.bodies import MESSAGES, batch_from_rest, message_from_rest
from app.sync.reading import Reading
from app.sync.to_read import Listing, Span, ToRead
from app.transport.api_client import ApiClient, BatchCounts

log = logging.getLogger(__name__)

OPEN_FOR = timedelta(days=7)
"""What has not come to its end by then will not."""

RECENT = timedelta(days=1)
"""What was made so lately is asked for a second time soon after: its lists may lag behind."""

FEW = 20
"""So many things are asked for one by one; of more it is found out whether to read a window is quicker."""

PER_PAGE = 1000

EARLY_ENOUGH = timedelta(days=1)
"""When a batch was made is known from its events, at worst from its messages'."""

GONE = "gone"
"""Noted for a batch that the service no longer knows."""


class Unfinished:
    """Reads on where batches and single texts were left."""

    def __init__(self, api: ApiClient, reading: Reading, left: Callable[[int], None]) -> None:
        """``left`` is told how many things there are still to ask for."""
        self._api = api
        self._reading = reading
        self._left = left

    async def read(self, made_within: timedelta = OPEN_FOR) -> None:
        """Ask for all that is unfinished, was made so long ago at most, and not in the newest span, which
        was read as a window.

        Where there is so much of it that reading windows is quicker, those are noted as to be read instead.
        Raises as ``ReadBack.run``.
        """
        reading = self._reading
        asked_after = reading.left.newest
        until = asked_after.since if asked_after else self._api.time.now()
        since = until - made_within
        batches = [each for each in await reading.log.reader.open_batches(since) if each.made < until]
        texts = await reading.log.reader.unsettled_messages(since, until)
        window = await self._window(batches, len(texts), since, until)
        if window is None:
            for done, batch in enumerate(batches):
                self._left(len(batches) + len(texts) - done)
                await self._batch(batch)
            for done, text in enumerate(texts):
                self._left(len(texts) - done)
                await self._text(text)

        def settle(left: ToRead) -> ToRead:
            if left.newest != asked_after:
                return left  # A connection was made meanwhile: all is asked for again.
            if window is not None:
                left = left.plus(window, (Listing.BATCHES, Listing.MESSAGES))
            return left.with_unfinished_settled()

        await reading.note(settle)

    async def _window(
        self, batches: Sequence[OpenBatch], texts: int, since: datetime, until: datetime
    ) -> Span | None:
        """The time in which all of it was made, if that is read with fewer requests."""
        if len(batches) + texts <= FEW:
            return None
        oldest = since if texts else min(batch.made for batch in batches) - timedelta(minutes=1)
        window = Span(oldest, until)
        try:
            count = await self._api.count_messages(
                {"dateFrom": isoformat(oldest), "dateTo": isoformat(until)}
            )
        except ServiceError:
            return None
        return window if count / PER_PAGE < len(batches) + texts else None

    async def _batch(self, batch: OpenBatch) -> None:
        if batch.looked == GONE:
            return
        # Read before its messages, so that what changes meanwhile makes a difference the next time.
        counts = _spelled(await self._api.batch_statuses(batch.batch_id))
        unchanged = counts == batch.looked
        if unchanged and batch.completed:
            return
        try:
            record = await self._api.get_batch(batch.batch_id)
        except ServiceError as error:
            if error.status not in (404, 410):
                raise
            log.info("a batch is no longer known to the service")
            await self._reading.log.looked_at({batch.batch_id: GONE})
            return
        await self._reading.take(batch_from_rest, [record])
        if unchanged:
            return
        since = isoformat(batch.made - EARLY_ENOUGH)
        params = {"batchId": batch.batch_id, "view": "Detailed", "dateFrom": since}
        async for page in self._api.pages(MESSAGES, params):
            await self._reading.take(message_from_rest, page)
        await self._reading.log.looked_at({batch.batch_id: counts})

    async def _text(self, message_id: str) -> None:
        try:
            record = await self._api.get_message(message_id)
        except ServiceError as error:
            if error.status not in (404, 410):
                raise
            log.info("a text is no longer known to the service")
            return
        await self._reading.take(message_from_rest, [record])


def _spelled(counts: BatchCounts) -> str:
    return ",".join(
        str(number)
        for number in (
            counts.queued,
            counts.sent,
            counts.delivered,
            counts.sending_failed,
            counts.delivery_failed,
        )
    )
