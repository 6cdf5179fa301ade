"""Reading by REST what the stream cannot have told: after every connection, from the last proof on.

The service filters its lists by the time a record was made, so a window alone does not find a batch of
yesterday that was completed during today's gap: what is known to be open is asked for by its id.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.clock import Clock, isoformat
from app.domain.events import Event
from app.domain.problems import PermissionMissing, ServiceError
from app.eventlog import LogReader
from app.ringcentral.bodies import (
    BATCHES,
    CONSENTS,
    MESSAGES,
    batch_from_rest,
    consent_from_rest,
    message_from_rest,
)
from app.sync.intake import Intake
from app.transport.api_client import ApiClient

log = logging.getLogger(__name__)

OVERLAP = timedelta(minutes=10)
"""Read again before the gap: what was made just before it may have reached the lists late."""
OPEN_FOR = timedelta(days=7)
"""A batch that has not come to its end by then will not."""

FromRest = Callable[..., Event]


class ReadBack:
    """Asks the service for everything since a moment and gives it to the intake.

    What is in the log already is skipped there: reading twice, or what the stream tells as well, makes
    no second row.
    """

    def __init__(
        self,
        api: ApiClient,
        intake: Intake,
        reader: LogReader,
        clock: Clock,
        followed: Callable[[], frozenset[str]],
    ) -> None:
        """``followed`` tells the own numbers (E.164) whose events are wanted."""
        self._api = api
        self._intake = intake
        self._reader = reader
        self._clock = clock
        self._followed = followed

    async def run(self, since: datetime) -> None:
        """Read back everything from ``since`` until now, and wait until it is stored.

        Raises:
            SignInNeeded, PermissionMissing, ServiceError, Unreachable, RateHeld, LogUnavailable: it is
                not complete; what was read is kept, and another attempt skips it.
        """
        began = since - OVERLAP
        # Asked before anything new is stored: what these gaps hold is open in the log as it is now.
        known = await self._reader.open_batches(self._clock.now() - OPEN_FOR)
        window = {"dateFrom": isoformat(began), "dateTo": isoformat(self._clock.now())}
        await self._consents(began)
        await self._list(BATCHES, window, batch_from_rest)
        await self._list(MESSAGES, window | {"view": "Detailed"}, message_from_rest)
        for batch in known:
            await self._batch(batch.batch_id)
        await self._intake.settled()

    async def _batch(self, batch_id: str) -> None:
        try:
            record = await self._api.get_batch(batch_id)
        except ServiceError as error:
            if error.status != 404:
                raise
            log.info("a batch is no longer known to the service")
            return
        await self._take(batch_from_rest, record)
        since = isoformat(self._clock.now() - OPEN_FOR - OVERLAP)
        params = {"batchId": batch_id, "view": "Detailed", "dateFrom": since}
        await self._list(MESSAGES, params, message_from_rest)

    async def _list(self, path: str, params: Mapping[str, Any], build: FromRest) -> None:
        async for page in self._api.pages(path, params):
            for record in page:
                await self._take(build, record)

    async def _consents(self, began: datetime) -> None:
        """The history has no dates to ask for: it is read from its newest end until it is old enough."""
        try:
            async for page in self._api.pages(CONSENTS, {}):
                events = [consent_from_rest(record, received_at=self._clock.now()) for record in page]
                for event in events:
                    if event.timestamp >= began:
                        await self._keep(event)
                if any(event.timestamp < began for event in events):
                    return
        except (PermissionMissing, ServiceError) as error:
            if isinstance(error, ServiceError) and error.status not in (403, 404):
                raise
            # Accounts without the newer interface: the stream alone tells of their opt-outs.
            log.warning("the consent history cannot be read here")

    async def _take(self, build: FromRest, record: Mapping[str, Any]) -> None:
        await self._keep(build(record, received_at=self._clock.now()))

    async def _keep(self, event: Event) -> None:
        if event.number in self._followed():
            await self._intake.give(event)
