"""Opt-outs and opt-ins that the stream did not tell: from their history, else from how things stand now.

The history lists every change but cannot be asked for a time, and some accounts have none. The search tells
of each pair of numbers the latest change only. The older interface, where that is all there is, tells
neither changes nor times: what differs from what the log knows has changed since then.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from app.domain.events import OPTED_IN, Event
from app.domain.problems import PermissionMissing, ServiceError
from app.ringcentral.bodies import CONSENTS, consent_from_rest
from app.sync.reading import Reading
from app.sync.to_read import Listing, Span
from app.transport.api_client import ApiClient

log = logging.getLogger(__name__)

SEARCH = "/restapi/v2/accounts/~/sms/consents/search"
OLDER_LIST = "/restapi/v1.0/account/~/a2p-sms/opt-outs"

OLDER_LIST_KNOWN = "older_consents"
"""Under this name the log keeps of which numbers it once learned the older list as a whole."""

LONG = timedelta(hours=6)
"""For a gap of that length the history is read in the largest pages, and checked afterwards."""

FEW, MANY = 100, 1000
"""Records a page: for a short gap, and at most."""

MOST_SEARCHED = 20
"""Own numbers in one search."""


class Consents:
    """Reads what became of customers' consent."""

    def __init__(self, api: ApiClient, reading: Reading) -> None:
        self._api = api
        self._reading = reading

    async def read(self, spans: Sequence[Span]) -> None:
        """Read the changes of these times, store them, and note that they are read.

        Raises as ``ReadBack.run``.
        """
        since = min(span.since for span in spans)
        gap = max(span.until for span in spans) - since
        history = self._history(since, FEW if gap < LONG else MANY)
        if not (await self._allowed(history) or await self._allowed(self._search(since))):
            await self._allowed(self._older_list())
        for span in spans:
            await self._reading.note(lambda left, span=span: left.minus(Listing.CONSENTS, span))  # type: ignore[misc]

    async def check(self, since: datetime) -> None:
        """Store what the history may have left out: the latest change of each pair since then.

        Raises as ``ReadBack.run``.
        """
        await self._allowed(self._search(since))

    async def _allowed(self, reading: Any) -> bool:
        """Read; False if this account does not have that interface."""
        try:
            await reading
        except PermissionMissing:
            pass
        except ServiceError as error:
            if error.status not in (403, 404, 410):
                raise
        else:
            return True
        log.warning("consents cannot be read by %s here", reading.__name__)
        return False

    async def _history(self, since: datetime, per_page: int) -> None:
        newest_first, last = True, None
        async for page in self._api.pages(CONSENTS, {"perPage": per_page}):
            events = await self._reading.events(consent_from_rest, page)
            await self._reading.store(event for event in events if event.timestamp >= since)
            for event in events:
                newest_first = newest_first and (last is None or event.timestamp <= last)
                last = event.timestamp
            # The order is not promised: as long as it has held, the rest is older still.
            if newest_first and len(events) > 1 and last is not None and last < since:
                return

    async def _search(self, since: datetime) -> None:
        followed = sorted(self._reading.followed())
        for start in range(0, len(followed), MOST_SEARCHED):
            for status in ("OptOut", "OptIn"):
                asked = {
                    "from": followed[start : start + MOST_SEARCHED],
                    "optStatus": status,
                    "perPage": MANY,
                }
                async for page in self._api.pages(SEARCH, asked, search=True):
                    events = await self._reading.events(consent_from_rest, page)
                    await self._reading.store(event for event in events if event.timestamp >= since)

    async def _older_list(self) -> None:
        known = set((await self._reading.log.meta(OLDER_LIST_KNOWN) or "").split())
        for number in sorted(self._reading.followed()):
            states = await self._reading.log.reader.consents_of(number)
            changed: list[Event] = []
            asked = {"from": number, "status": "all"}
            async for page in self._api.pages(OLDER_LIST, asked):
                events = await self._reading.events(consent_from_rest, [_as_newer(each) for each in page])
                changed += [each for each in events if each.state != states.get(each.customer, OPTED_IN)]
            if number in known:
                await self._reading.store(changed)
            else:
                # The first look: what was before is not news, and its times are not known.
                await self._reading.log.learn_consents(changed)
                known.add(number)
                await self._reading.log.set_meta(OLDER_LIST_KNOWN, " ".join(sorted(known)))


def _as_newer(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the older list in the words of the newer interface."""
    return {**record, "optStatus": record.get("status", record.get("optStatus"))}
