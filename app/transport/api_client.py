"""The REST API: one request with everything it takes, and the calls built on it."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx

from app.domain.clock import Clock, isoformat
from app.domain.numbers import OwnNumber
from app.domain.problems import Expected, Unreachable
from app.ringcentral.errors import RATE_PENALTY, VerdictKind, as_expected, judge, rate_held
from app.ringcentral.rates import Group, RateWindows
from app.ringcentral.wirejson import Unparsable, parse
from app.transport.http import intercepted, is_foreign, translate_errors
from app.transport.service_time import ServiceTime
from app.transport.token_keeper import TokenKeeper

_log = logging.getLogger("app.transport.api")

_EXTENSION = "/restapi/v1.0/account/~/extension/~"
_A2P = "/restapi/v1.0/account/~/a2p-sms"
_BACK_OFF_FIRST, _BACK_OFF_MOST = 2.0, 60.0
_TRIES, _TRIES_INTERACTIVE = 5, 2
_PER_PAGE = 1000
"""The most that the lists give in one answer."""
_PATIENCE = 2.0
"""Seconds that a call somebody waits for may be held back before it says so."""

# Worth another try at once. A connection that cannot be made at all is told to the caller instead, who
# shows it and decides when to come back.
_PASSING = (httpx.TimeoutException, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)

Waits = Callable[[datetime | None], None]
"""Told until when nothing can be sent because of the rate limits, and with ``None`` that it can again."""


@dataclass(frozen=True, slots=True)
class BatchCounts:
    """How many messages of a batch are in which state, now."""

    queued: int = 0
    sent: int = 0
    delivered: int = 0
    sending_failed: int = 0
    delivery_failed: int = 0
    cost: Decimal | None = None
    errors: Mapping[str, int] = field(default_factory=dict)
    """Failed messages by error code."""


class ApiClient:
    """Asks RingCentral within its rate limits, with a fresh token, and again where that helps.

    Every method raises what ``request`` raises.
    """

    def __init__(
        self,
        client: httpx.AsyncClient,
        keeper: TokenKeeper,
        rates: RateWindows,
        clock: Clock,
        *,
        time: ServiceTime | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``time`` is set by the service's answers."""
        self._client = client
        self._keeper = keeper
        self._rates = rates
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._waits: Waits | None = None
        self.time = time or ServiceTime(clock)

    def telling(self, waits: Waits) -> "ApiClient":
        """The same client for a task that tells of the waits that rate limits impose on it."""
        found = copy(self)
        found._waits = waits
        return found

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        group: Group = Group.LIGHT,
        interactive: bool = False,
    ) -> dict[str, Any]:
        """Send a request and return the JSON object it is answered with; ``{}`` for an empty answer.

        A token that is rejected is refreshed once. Timeouts and the service's own errors are tried again
        with growing delays, in the background more often than for a waiting user. Rate limits are waited
        for; an ``interactive`` call is told instead if that would take long.

        Raises:
            SignInNeeded, PermissionMissing, ServiceError, Unreachable, RateHeld, VaultUnavailable
        """
        delay = _BACK_OFF_FIRST
        tries_left = _TRIES_INTERACTIVE if interactive else _TRIES
        refreshed = False
        while True:
            token = await self._keeper.access_token()
            await self._turn(group, interactive)
            tries_left -= 1
            try:
                answer = await self._send(method, path, params, json, token)
            except Unreachable as error:
                if tries_left <= 0 or not isinstance(error.__cause__, _PASSING):
                    raise
            else:
                self._rates.note(answer.headers, answer.status_code, self._clock.monotonic(), group)
                body = _body(answer)
                verdict = judge(answer.status_code, answer.headers, body)
                _log.debug("%s %s: %d %s", method, path, answer.status_code, verdict.code)
                match verdict.kind:
                    case VerdictKind.OK:
                        found = self._object(answer, body)
                        # Not of what a network's own sign-in page says: its clock may be any.
                        self.time.note(answer.headers.get("Date"))
                        return found
                    case VerdictKind.REFRESH if not refreshed:
                        refreshed = True
                        tries_left += 1
                        await self._keeper.refresh(token)
                        continue
                    case VerdictKind.RATE if not interactive and tries_left > 0:
                        penalty = verdict.retry_after or RATE_PENALTY
                        self._rates.hold(group, penalty, self._clock.monotonic())
                        continue
                    case VerdictKind.RETRY if tries_left > 0:
                        delay = max(delay, verdict.retry_after or 0.0)
                    case _:
                        raise as_expected(verdict, self._clock.now())
            # Between half and the whole of the delay, so that many clients do not come back at once.
            await self._sleep(delay * (0.5 + self._chance() / 2))
            delay = min(delay * 2, _BACK_OFF_MOST)

    async def extension(self, *, interactive: bool = False) -> str:
        """Who is signed in: the extension's name, else its number, else an empty text."""
        body = await self.request("GET", _EXTENSION, interactive=interactive)
        return str(body.get("name") or body.get("extensionNumber") or "")

    async def list_numbers(self, *, interactive: bool = True) -> tuple[OwnNumber, ...]:
        """The numbers that can send High Volume SMS, in the service's order."""
        found: dict[str, OwnNumber] = {}
        page = 1
        while True:
            params = {"page": page, "perPage": 100}
            body = await self.request(
                "GET", f"{_EXTENSION}/phone-number", params=params, interactive=interactive
            )
            for record in _records(body):
                number, features = record.get("phoneNumber"), record.get("features")
                if isinstance(number, str) and isinstance(features, list) and "A2PSmsSender" in features:
                    found[number] = OwnNumber(number, str(record.get("label") or ""))
            paging = body.get("paging")
            pages = _count(paging.get("totalPages")) if isinstance(paging, dict) else 0
            if page >= pages:
                return tuple(found.values())
            page += 1

    async def batch_text(self, batch_id: str, *, interactive: bool = False) -> str:
        """The text of one of the batch's messages; empty if it has none yet."""
        # Without dateFrom the list covers the last 24 hours only.
        since = isoformat(self._clock.now() - timedelta(days=30))
        params = {"batchId": batch_id, "view": "Detailed", "perPage": 1, "dateFrom": since}
        body = await self.request("GET", f"{_A2P}/messages", params=params, interactive=interactive)
        return next((r["text"] for r in _records(body) if isinstance(r.get("text"), str)), "")

    async def batch_statuses(self, batch_id: str, *, interactive: bool = False) -> BatchCounts:
        """How many of the batch's messages are in which state."""
        since = isoformat(self.time.now() - timedelta(days=30))
        params = {"batchId": batch_id, "dateFrom": since}
        body = await self.request("GET", f"{_A2P}/statuses", params=params, interactive=interactive)
        states = {name: entry for name, entry in body.items() if isinstance(entry, dict)}
        counts = {name: _count(entry.get("count")) for name, entry in states.items()}
        costs = [entry["cost"] for entry in states.values() if isinstance(entry.get("cost"), int | float)]
        errors: dict[str, int] = {}
        for entry in states.values():
            listed = entry.get("errorCodeCounts")
            for code, count in listed.items() if isinstance(listed, dict) else ():
                errors[code] = errors.get(code, 0) + _count(count)
        return BatchCounts(
            queued=counts.get("queued", 0),
            sent=counts.get("sent", 0),
            delivered=counts.get("delivered", 0),
            sending_failed=counts.get("sendingFailed", 0),
            delivery_failed=counts.get("deliveryFailed", 0),
            cost=sum((Decimal(repr(cost)) for cost in costs), Decimal(0)) if costs else None,
            errors=errors,
        )

    async def get_batch(self, batch_id: str, *, interactive: bool = False) -> dict[str, Any]:
        """The record of one batch, for ``bodies.batch_from_rest``."""
        path = f"{_A2P}/batches/{quote(batch_id, safe='')}"
        return await self.request("GET", path, interactive=interactive)

    async def get_message(self, message_id: str, *, interactive: bool = False) -> dict[str, Any]:
        """The record of one message, for ``bodies.message_from_rest``."""
        path = f"{_A2P}/messages/{quote(message_id, safe='')}"
        return await self.request("GET", path, interactive=interactive)

    async def count_messages(self, params: Mapping[str, Any]) -> int:
        """How many messages the list of messages would hold for these parameters."""
        body = await self.request("GET", f"{_A2P}/statuses", params=params)
        return sum(_count(entry.get("count")) for entry in body.values() if isinstance(entry, dict))

    async def pages(
        self, path: str, params: Mapping[str, Any], *, search: bool = False, ahead: bool = False
    ) -> AsyncGenerator[list[dict[str, Any]]]:
        """The records of a list, a page at a time, within the rate limits: for the background.

        Follows ``paging.nextPageToken`` until there is none, over pages that are empty as well.
        ``search``: the parameters are sent as the body of a POST. ``ahead``: the next page is asked for while
        the caller works on one; then the generator must be closed (``contextlib.aclosing``). Raises as
        ``request`` does.
        """
        seen: set[str] = set()
        asking = self._asking(path, params, search, None)
        try:
            while True:
                body = await asking
                paging = body.get("paging")
                found = paging.get("nextPageToken") if isinstance(paging, dict) else None
                token = found if isinstance(found, str) else ""
                if token in seen:
                    _log.warning("a list of %d pages leads back to one of them", len(seen))
                    token = ""
                seen.add(token)
                if token and ahead:
                    asking = self._asking(path, params, search, token)
                yield _records(body)
                if not token:
                    return
                if not ahead:
                    asking = self._asking(path, params, search, token)
        finally:
            asking.cancel()
            with suppress(asyncio.CancelledError, Expected):
                await asking

    def _asking(
        self, path: str, params: Mapping[str, Any], search: bool, token: str | None
    ) -> asyncio.Task[dict[str, Any]]:
        page = {"perPage": _PER_PAGE, **params} | ({"pageToken": token} if token else {})
        request = self.request("POST", path, json=page) if search else self.request("GET", path, params=page)
        return asyncio.get_running_loop().create_task(request, name="a page")

    async def _turn(self, group: Group, interactive: bool) -> None:
        told = False
        while wait := self._rates.ask(group, self._clock.monotonic(), interactive):
            if interactive and wait > _PATIENCE:
                raise rate_held(wait, self._clock.now())
            if self._waits is not None and wait > _PATIENCE:
                told = True
                self._waits(self._clock.now() + timedelta(seconds=wait))
            await self._sleep(wait)
        if told and self._waits is not None:
            self._waits(None)

    async def _send(
        self, method: str, path: str, params: Mapping[str, Any] | None, json: Any, token: str
    ) -> httpx.Response:
        with translate_errors(str(self._client.base_url)):
            answer = await self._client.request(
                method, path, params=params, json=json, headers={"Authorization": f"Bearer {token}"}
            )
        if is_foreign(answer.status_code, answer.headers, answer.content):
            raise intercepted(str(self._client.base_url))
        self.time.note(answer.headers.get("Date"))
        return answer

    def _object(self, answer: httpx.Response, body: Any) -> dict[str, Any]:
        if isinstance(body, dict):
            return body
        if answer.is_success and not answer.content.strip():
            return {}
        raise intercepted(str(self._client.base_url))


def _body(answer: httpx.Response) -> Any:
    try:
        return parse(answer.text)
    except Unparsable:
        return None


def _records(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = body.get("records")
    return [r for r in listed if isinstance(r, dict)] if isinstance(listed, list) else []


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
