"""A conversation with the gateway, written down in the order of the wire.

    assert playbook >> details() << Opened(False, LIMITS, RESUME) << post(FILTERS)

``>>`` is what the gateway sends, or time that passes, or the user's choice; ``<<`` is what must come of it.
Whatever came of it and is not named fails the test at the next step.
"""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import CloseReason, GatewayProtocol
from app.ringcentral.gateway_events import GatewayEvent
from tests.ringcentral.samples import NOW


@dataclass(frozen=True)
class After:
    """So many seconds pass, in which the driver calls ``tick`` whenever it is due."""

    seconds: float


@dataclass(frozen=True)
class Pong:
    """The answer to a WebSocket ping."""


@dataclass(frozen=True)
class Sent:
    """A frame that must be sent: its meta without the message id, and its body."""

    meta: dict[str, Any]
    body: Any = None


class Playbook:
    """Plays the driver of a protocol."""

    def __init__(self, protocol: GatewayProtocol) -> None:
        self.protocol = protocol
        self.now = 1000.0
        self.outcome: list[GatewayEvent | Sent | CloseReason] = []
        self.last_id = ""
        self._closed = False
        self._act(lambda: protocol.tick(self.now))

    @property
    def wall(self) -> datetime:
        """The wall time that goes with ``now``."""
        return NOW + timedelta(seconds=self.now - 1000.0)

    def __rshift__(self, step: Any) -> Self:
        assert not self.outcome, f"not named: {self.outcome}"
        match step:
            case After(seconds):
                self._pass(seconds)
            case Pong():
                self._act(lambda: self.protocol.pong_received(self.now))
            case FilterSet():
                self._act(lambda: self.protocol.choose(step, self.now))
            case str():
                self._act(lambda: self.protocol.receive_frame(step, self.now, self.wall))
            case _:
                frame = step(self.last_id) if callable(step) else step
                self._act(lambda: self.protocol.receive_frame(json.dumps(frame), self.now, self.wall))
        return self

    def __lshift__(self, expected: GatewayEvent | Sent | CloseReason) -> Self:
        assert self.outcome, f"nothing more came of it, and not {expected}"
        assert self.outcome[0] == expected
        self.outcome.pop(0)
        return self

    def take(self) -> Any:
        """What came next, to look at closely."""
        return self.outcome.pop(0)

    def _pass(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            deadline = self.protocol.next_deadline()
            if deadline is None or deadline > end:
                break
            assert deadline >= self.now or self.now == end, "a deadline that is not met by ticking"
            self.now = max(deadline, self.now)
            self._act(lambda: self.protocol.tick(self.now))
        self.now = end

    def _act(self, action: Any) -> None:
        action()
        self.outcome += self.protocol.events_received()
        for text in self.protocol.frames_to_send():
            meta, *body = json.loads(text)
            self.last_id = meta.pop("messageId")
            self.outcome.append(Sent(meta, *body))
        wanted = self.protocol.close_wanted()
        if wanted and not self._closed:
            self._closed = True
            self.outcome.append(wanted)


def details(*, status: int = 200, wsc: Any = None, **body: Any) -> list[Any]:
    """ConnectionDetails as in the guide's sample, with other members."""
    wsc = {"token": "new", "sequence": 1} if wsc is None else wsc
    meta = {"type": "ConnectionDetails", "messageId": "d", "status": status, "wsc": wsc}
    return [meta, {"recoveryTimeout": 180, "recoveryBufferSize": 100, "absoluteTimeout": 86400, **body}]


def answer(status: int = 200, body: Any = None, **headers: str) -> Any:
    """The answer to the request sent last."""
    if body is None:
        body = {"id": "sub-1"}

    def frame(message_id: str) -> list[Any]:
        meta = {"type": "ClientRequest", "messageId": message_id, "status": status, "headers": headers}
        return [meta, body]

    return frame


def error(code: str, status: int = 0, *, of_request: bool = False) -> Any:
    """An Error frame."""

    def frame(message_id: str) -> list[Any]:
        meta: dict[str, Any] = {"type": "Error", "messageId": message_id if of_request else "e"}
        if status:
            meta["status"] = status
        return [meta, {"errorCode": code, "message": "words"}]

    return frame


def notification(body: Any, **meta: Any) -> list[Any]:
    """A ServerNotification."""
    return [{"type": "ServerNotification", "messageId": "n", **meta}, body]


def post(filters: tuple[str, ...]) -> Sent:
    """The request for a subscription."""
    return _request("POST", "/restapi/v1.0/subscription", filters)


def put(filters: tuple[str, ...], subscription: str = "sub-1") -> Sent:
    """The request that changes it."""
    return _request("PUT", f"/restapi/v1.0/subscription/{subscription}", filters)


def _request(method: str, path: str, filters: tuple[str, ...]) -> Sent:
    meta = {"type": "ClientRequest", "method": method, "path": path}
    return Sent(meta, {"eventFilters": list(filters), "deliveryMode": {"transportType": "WebSocket"}})


HEARTBEAT = Sent({"type": "Heartbeat"})
