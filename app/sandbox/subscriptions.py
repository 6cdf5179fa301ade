"""Subscriptions: what a gateway session asked to be told."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from app.sandbox.clock import SandboxClock, envelope_time
from app.sandbox.errors import ServiceRefusal, not_found, unparsable
from app.sandbox.faults import Faults
from app.sandbox.filters import EventFilter, read_filter
from app.sandbox.model import FilterKey

_PATH = "/restapi/v1.0/subscription"


@dataclass(slots=True)
class Subscription:
    """What a session wants to be told."""

    id: str
    created: datetime
    filters: tuple[EventFilter, ...] = ()
    disabled: tuple[dict[str, str], ...] = ()
    by_key: dict[FilterKey, EventFilter] = field(default_factory=dict)


class Subscriber(Protocol):
    """Whatever holds the one subscription of a connection."""

    subscription: Subscription | None


class Subscriptions:
    """Answers the subscription requests of connections."""

    def __init__(
        self, clock: SandboxClock, faults: Faults, ids: Random, server_url: Callable[[], str]
    ) -> None:
        self.disabled_filters: dict[str, str] = {}
        """Filters refused from now on: a part of their text, and the reason."""
        self.first_made = asyncio.Event()
        self._clock = clock
        self._faults = faults
        self._ids = ids
        self._server_url = server_url

    def answer(self, subscriber: Subscriber, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Carry out one request: status and body of the answer.

        A second POST replaces the subscription, for a connection has only one.

        Raises:
            ServiceRefusal: it is refused.
        """
        wanted = path.rstrip("/").removeprefix(_PATH)
        if not path.startswith(_PATH) or "/" in wanted[1:]:
            raise not_found("path")
        self._faults.check_permission(path, "WebSocketSubscription")
        current = subscriber.subscription
        if not wanted and method == "POST":
            filters = _read_filters(body)
            fresh_id = str(uuid.UUID(int=self._ids.getrandbits(128), version=4))
            current = Subscription(fresh_id, self._clock.now())
            self._set_filters(current, filters)
            subscriber.subscription = current
            self.first_made.set()
            return 200, self.describe(current)
        if current is None or (wanted and wanted[1:] != current.id):
            raise not_found("subscriptionId")
        if method == "GET":
            described = self.describe(current)
            return 200, described if wanted else {"uri": self._uri(), "records": [described]}
        if wanted and method == "PUT":
            self._set_filters(current, _read_filters(body))
            return 200, self.describe(current)
        if wanted and method == "DELETE":
            subscriber.subscription = None
            return 204, None
        raise ServiceRefusal(405, "CMN-103", "Method is not supported")

    def describe(self, subscription: Subscription) -> dict[str, Any]:
        """The subscription as the service shows it."""
        described: dict[str, Any] = {
            "uri": self._uri(subscription.id),
            "id": subscription.id,
            "creationTime": envelope_time(subscription.created),
            "expirationTime": envelope_time(self._clock.now() + timedelta(days=7)),
            "expiresIn": 604_800,
            "status": "Active",
            "eventFilters": [one.event for one in subscription.filters],
            "deliveryMode": {"transportType": "WebSocket", "encryption": False},
        }
        if subscription.disabled:
            described["disabledFilters"] = list(subscription.disabled)
        return described

    def _set_filters(self, subscription: Subscription, filters: list[EventFilter]) -> None:
        enabled, disabled = [], []
        for one in filters:
            reason = next((why for part, why in self.disabled_filters.items() if part in one.text), "")
            if not reason and one.foreign_number:
                reason = "Phone number does not belong to the account"
            if reason:
                disabled.append({"filter": one.event, "reason": "CMN-408", "message": reason})
            else:
                enabled.append(one)
        subscription.filters, subscription.disabled = tuple(enabled), tuple(disabled)
        subscription.by_key = {one.key: one for one in enabled}

    def _uri(self, subscription_id: str = "") -> str:
        uri = f"{self._server_url()}{_PATH}"
        return f"{uri}/{subscription_id}" if subscription_id else uri


def _read_filters(body: object) -> list[EventFilter]:
    if not isinstance(body, dict):
        raise unparsable()
    texts = body.get("eventFilters")
    if not isinstance(texts, list):
        texts = []
    known = [read_filter(text) if isinstance(text, str) else None for text in texts]
    bad = [str(text) for text, found in zip(texts, known, strict=True) if found is None]
    if bad or not known:
        message = f"Invalid event filters: [{', '.join(bad)}]"
        raise ServiceRefusal(400, "SUB-508", message, parameter="eventFilters")
    return [found for found in known if found is not None]
