"""The one subscription of a gateway connection: POST once, then PUT, one request at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.ringcentral import frames
from app.ringcentral.errors import VerdictKind, error_code, header, judge
from app.ringcentral.filters import FilterSet
from app.ringcentral.frames import Frame
from app.ringcentral.gateway_events import Refused, State, Subscribed

_RETRY_FIRST, _RETRY_MOST = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class _Request:
    message_id: str
    filters: tuple[str, ...]
    update: bool
    deadline: float


class Subscription:
    """What is wanted, what the service follows, and the request that makes the one the other."""

    def __init__(
        self,
        filters: FilterSet,
        subscription_id: str | None,
        subscribed: tuple[str, ...] | None,
        new_id: Callable[[], str],
        answer_within: float,
    ) -> None:
        self.id = subscription_id
        self.state = State.SUBSCRIBING
        """SUBSCRIBING, UPDATING, LIVE or REFUSED."""
        self.wanted = filters.event_filters()
        self._followed = self.wanted if subscribed is None else subscribed
        self._refused: tuple[str, ...] | None = None
        self._new_id = new_id
        self._answer_within = answer_within
        self._pending: _Request | None = None
        self._retry_at: float | None = None
        self._retry_delay = _RETRY_FIRST

    def taken_up(self) -> None:
        """The session was resumed, and its subscription lives on if we know which it is."""
        self.state = State.LIVE if self.id else State.SUBSCRIBING

    def gone(self) -> None:
        """The service does not have the subscription, or not any more."""
        self.id = None
        self.state = State.SUBSCRIBING

    def next_frame(self, now: float) -> str | None:
        """The request to send now, if what is wanted is not what is followed and nothing is under way."""
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
        settled = self.state is State.LIVE and self.wanted == self._followed
        if settled or self.wanted == self._refused or self._pending or self._retry_at is not None:
            return None
        message_id = self._new_id()
        self._pending = _Request(message_id, self.wanted, bool(self.id), now + self._answer_within)
        self.state = State.UPDATING if self.id else State.SUBSCRIBING
        if self.id:
            return frames.update_frame(message_id, self.id, self.wanted)
        return frames.subscribe_frame(message_id, self.wanted)

    def is_answer(self, frame: Frame) -> bool:
        """Whether the frame answers the request under way."""
        return self._pending is not None and frame.message_id == self._pending.message_id

    def answer(self, frame: Frame, now: float) -> Subscribed | Refused | None:
        """Take the answer to the request under way; ``None`` if there is nothing to tell (it is retried)."""
        request = self._pending
        assert request is not None
        self._pending = None
        body = frame.body()
        failed = frame.type == frames.ERROR or bool(error_code(body))
        verdict = judge(frame.status or (400 if failed else 200), frame.headers, body)
        match verdict.kind:
            case VerdictKind.OK:
                self._retry_delay = _RETRY_FIRST
                self.id = _subscription_id(frame, body) or self.id
                self._followed = request.filters
                self._refused = None
                self.state = State.LIVE
                return Subscribed(self.id or "", _disabled_filters(body), request.filters)
            case VerdictKind.NOT_FOUND if request.update:
                self.gone()
                return None
            case VerdictKind.RATE | VerdictKind.RETRY:
                self._retry_at = now + (verdict.retry_after or self._retry_delay)
                self._retry_delay = min(self._retry_delay * 2, _RETRY_MOST)
                return None
        # Not asked for again until somebody chooses; a refused change leaves the old subscription as it was.
        self._refused = request.filters
        self.state = State.LIVE if request.update else State.REFUSED
        return Refused(verdict)

    def deadlines(self) -> list[float]:
        """When something is due: an answer, or another try."""
        due = [self._pending.deadline] if self._pending else []
        return due if self._retry_at is None else [*due, self._retry_at]

    def is_unanswered(self, now: float) -> bool:
        """Whether the request under way waited too long for its answer."""
        return self._pending is not None and now >= self._pending.deadline

    def choose(self, filters: FilterSet) -> None:
        """Want other filters, or the refused ones once more. The next request asks for them."""
        self.wanted = filters.event_filters()
        self._refused = None


def _subscription_id(frame: Frame, body: Any) -> str:
    found = body.get("id") if isinstance(body, dict) else None
    return found if isinstance(found, str) else header(frame.headers, "WSG-SubscriptionId")


def _disabled_filters(body: Any) -> tuple[str, ...]:
    """The names in ``disabledFilters``, whose entries are objects with a ``filter``, or plain names."""
    listed = body.get("disabledFilters") if isinstance(body, dict) else None
    entries = listed if isinstance(listed, list) else []
    names = (entry.get("filter") if isinstance(entry, dict) else entry for entry in entries)
    return tuple(name for name in names if isinstance(name, str) and name)
