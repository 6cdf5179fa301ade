"""The conversation with the WebSocket gateway, without any input or output.

    AWAITING_DETAILS ──▶ SUBSCRIBING ──▶ LIVE ◀──▶ UPDATING        LOST: close_wanted() says why
                            │  ▲
                            ▼  │ choose()
                          REFUSED

The driver hands in text and time and takes out events, frames to send, the next moment it must call
``tick`` and, at the end, the wish to close. Rules are those of the guide's "WebSocket gateway": silence
before ``ConnectionDetails``, one subscription per connection (POST once, then PUT), the newest ``wsc``,
a heartbeat after 30 s without frames. URLs, tokens, back-off and the socket are the driver's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.events import Event, Family, ResumePoint, Source
from app.ringcentral import frames
from app.ringcentral.bodies import read_notification
from app.ringcentral.errors import VerdictKind, error_code, judge
from app.ringcentral.filters import FilterSet
from app.ringcentral.frames import Frame, read_frame
from app.ringcentral.gateway_events import (
    CloseReason,
    ConnectionLimits,
    Delivered,
    GatewayEvent,
    Opened,
    Refused,
    RenewalDue,
    State,
    Subscribed,
    Timing,
    Unreadable,
)
from app.ringcentral.lifetime import Lifetime
from app.ringcentral.subscription import Subscription
from app.ringcentral.wirejson import Unparsable

__all__ = [
    "CloseReason",
    "ConnectionLimits",
    "Delivered",
    "GatewayEvent",
    "GatewayProtocol",
    "Opened",
    "Refused",
    "RenewalDue",
    "State",
    "Subscribed",
    "Timing",
    "Unreadable",
]

_NEW_KIND = "The gateway sent a frame of a kind that Textbell does not know."
_LIMIT_CODES = frozenset({"WSG-902", "WSG-903"})
_NO_RECOVERY_CODES = frozenset({"WSG-400", "WSG-1003", "WSG-1005"})
_ENDED = (VerdictKind.REFRESH, VerdictKind.SIGN_IN_AGAIN)
_REPLAY_LASTS = timedelta(seconds=60)


class GatewayProtocol:
    """One connection's conversation. ``now`` is always monotonic seconds of the driver's clock."""

    def __init__(
        self,
        filters: FilterSet,
        *,
        subscription_id: str | None = None,
        resume: ResumePoint | None = None,
        new_id: Callable[[], str],
        subscribed: tuple[str, ...] | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Begin a conversation in which ``filters`` are to be followed.

        Args:
            filters: what to follow; empty: the connection will want to be closed.
            resume: where the driver asks the gateway to resume; ``None``: it asks for a new session.
            subscription_id: the subscription of the session to resume.
            subscribed: the filters of that subscription; ``None``: the same as ``filters``.
            new_id: makes the ``messageId`` of a request.
            timing: the delays, where they are not the usual ones.
        """
        self.resume = resume
        """The newest point at which the session can be resumed."""
        self._resuming = resume is not None
        self._new_id = new_id
        self._timing = timing or Timing()
        self._heartbeat_after = self._timing.heartbeat_after
        self._subscription = Subscription(
            filters, subscription_id, subscribed, new_id, self._timing.answer_within
        )
        self._introduced = False
        self._close: CloseReason | None = None
        self._events: list[GatewayEvent] = []
        self._frames: list[str] = []
        self._life = Lifetime(self._timing)
        self._quiet_since = 0.0  # A frame came or went.
        self._replay = _Replay()

    def __repr__(self) -> str:
        return f"<GatewayProtocol {self.state.value}>"

    @property
    def state(self) -> State:
        """Where the conversation stands."""
        if self._close is not None:
            return State.LOST
        return self._subscription.state if self._introduced else State.AWAITING_DETAILS

    @property
    def subscription_id(self) -> str | None:
        """The connection's subscription, once there is one: what a later connection may take up."""
        return self._subscription.id

    @property
    def heard_at(self) -> float:
        """When the other side last showed a sign of life: a frame or a pong. In the driver's seconds."""
        return self._life.heard_at

    # In

    def receive_frame(self, text: str, now: float, received_at: datetime) -> None:
        """Take one text message of the socket. Never raises, whatever it is."""
        self._begin(now)
        self._life.heard(now)
        self._quiet_since = now
        try:
            frame = read_frame(text)
        except Unparsable as reason:
            self._unreadable(text, str(reason), received_at)
            return
        match frame.type:
            case frames.SERVER_NOTIFICATION:
                self._note_resume(frame)
                self._deliver(frame.body_text or text, received_at)
            case frames.CONNECTION_DETAILS:
                self._details(frame, now, received_at)
            case frames.CLIENT_REQUEST | frames.ERROR | frames.HEARTBEAT:
                self._note_resume(frame)
                if self._subscription.is_answer(frame):
                    self._answer(frame, now)
                elif frame.type == frames.ERROR:
                    self._error(frame)
            case _:
                self._unreadable(text, _NEW_KIND, received_at)

    def pong_received(self, now: float) -> None:
        """The other side answered a WebSocket ping."""
        self._begin(now)
        self._life.heard(now)

    def doubt(self, now: float, within: float) -> None:
        """The network changed: unless something is heard within so many seconds, the peer counts as dead.

        The driver sends a ping with this.
        """
        self._begin(now)
        self._life.doubt(now, within)

    def choose(self, filters: FilterSet, now: float) -> None:
        """Follow other filters from now on: the subscription is changed in place as soon as may be."""
        self._begin(now)
        self._subscription.choose(filters)
        self._request(now)

    def tick(self, now: float) -> None:
        """Do what is due. Call it when the connection is made, and at ``next_deadline``."""
        self._begin(now)
        if self._close is not None:
            return
        unintroduced = not self._introduced and self._life.silent_since_beginning(now)
        if now >= self._life.dead_at:
            self._lose(CloseReason.DEAD)
        elif unintroduced or self._subscription.is_unanswered(now):
            self._lose(CloseReason.UNANSWERED)
        elif (renewal := self._life.renewal(now)) is not None:
            self._events.append(renewal)
        self._request(now)
        if self._may_speak and now >= self._quiet_since + self._heartbeat_after:
            self._send(frames.heartbeat_frame(self._new_id()), now)

    # Out: each call hands over what piled up and forgets it

    def events_received(self) -> list[GatewayEvent]:
        """What happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def frames_to_send(self) -> list[str]:
        """The texts to send, in order."""
        texts, self._frames = self._frames, []
        return texts

    def next_deadline(self) -> float | None:
        """When ``tick`` must be called at the latest; ``None`` when it need not be."""
        if self._close is not None or self._life.began is None:
            return None
        deadlines = [*self._life.deadlines(), *self._subscription.deadlines()]
        if self._may_speak:
            deadlines.append(self._quiet_since + self._heartbeat_after)
        else:
            deadlines.append(self._life.introduced_by)
        return min(deadlines)

    def close_wanted(self) -> CloseReason | None:
        """Why the driver should close the connection, once it should. Events may still arrive until then."""
        return self._close

    # Frames

    def _details(self, frame: Frame, now: float, received_at: datetime) -> None:
        body = frame.body()
        fields = body if isinstance(body, dict) else {}
        if frame.status >= 400:
            self._events.append(Refused(judge(frame.status, frame.headers, body)))
            self._lose(CloseReason.REFUSED)
        if self._close is not None:
            return
        recovered = self._resuming and fields.get("recoveryState") == "Successful"
        # The guide: the newest ConnectionDetails decides, whatever its sequence.
        self.resume = frame.resume or (self.resume if recovered or self._introduced else None)
        if self._introduced:
            return
        self._introduced = True
        limits = _limits(fields)
        self._heartbeat_after = min(self._timing.heartbeat_after, limits.idle_timeout / 2)
        self._life.limit(now, limits.absolute_timeout)
        self._events.append(Opened(recovered, limits, self.resume))
        if recovered:
            self._replay = _Replay(received_at, limits.recovery_buffer_size)
            self._subscription.taken_up()
        else:
            self._subscription.gone()
        self._request(now)

    def _answer(self, frame: Frame, now: float) -> None:
        outcome = self._subscription.answer(frame, now)
        if outcome is not None:
            self._events.append(outcome)
        if isinstance(outcome, Refused) and outcome.error.kind in _ENDED:
            self._lose(CloseReason.REFUSED)
        self._request(now)

    def _error(self, frame: Frame) -> None:
        if self._close is not None:
            return
        body = frame.body()
        code = error_code(body)
        verdict = judge(max(frame.status, 400), frame.headers, body)
        if code in _LIMIT_CODES:
            self._lose(CloseReason.LIMIT)
        elif not self._introduced and code in _NO_RECOVERY_CODES:
            self._resuming = False
            self.resume = None
            self._events.append(Refused(verdict, forget_resume=True))
            # The other two are followed by the details of a new session on the same connection.
            if code == "WSG-400":
                self._lose(CloseReason.REFUSED)
        else:
            self._events.append(Refused(verdict))
            if not self._introduced or verdict.kind in _ENDED:
                self._lose(CloseReason.REFUSED)

    def _deliver(self, text: str, received_at: datetime) -> None:
        event = read_notification(text, received_at=received_at, source=Source.LIVE)
        self._events.append(Delivered(self._replay.mark(event), self.resume))

    def _unreadable(self, text: str, why: str, received_at: datetime) -> None:
        event = read_notification(text, received_at=received_at, source=Source.LIVE)
        if event.family is Family.UNKNOWN:
            self._events.append(Unreadable(event._replace(text=why)))
        else:
            # A notification without a frame around it is none the worse for that.
            self._events.append(Delivered(event, self.resume))

    # State

    @property
    def _may_speak(self) -> bool:
        return self._introduced and self._close is None

    def _begin(self, now: float) -> None:
        if self._life.began is None:
            self._life.begin(now)
            self._quiet_since = now

    def _note_resume(self, frame: Frame) -> None:
        found = frame.resume
        if found and (self.resume is None or found.sequence >= self.resume.sequence):
            self.resume = found

    def _request(self, now: float) -> None:
        if not self._may_speak:
            return
        if not self._subscription.wanted:
            self._lose(CloseReason.UNFOLLOWED)
        elif (text := self._subscription.next_frame(now)) is not None:
            self._send(text, now)

    def _send(self, text: str, now: float) -> None:
        self._frames.append(text)
        self._quiet_since = now

    def _lose(self, reason: CloseReason) -> None:
        self._close = self._close or reason
        self._frames.clear()


class _Replay:
    """Tells replayed events from live ones: nothing in the stream marks the end of a replay."""

    def __init__(self, opened_at: datetime | None = None, at_most: int = 0) -> None:
        self._opened_at = opened_at
        self._left = at_most

    def mark(self, event: Event) -> Event:
        """Return the event as REPLAYED if it is older than the connection.

        Bounded in time and number, so that a wrong clock here cannot make live events replays for long.
        """
        if self._opened_at is None:
            return event
        if self._left <= 0 or event.received_at - self._opened_at > _REPLAY_LASTS:
            self._opened_at = None
            return event
        if event.timestamp >= self._opened_at:
            return event
        self._left -= 1
        return event._replace(source=Source.REPLAYED)


def _limits(fields: Mapping[str, Any]) -> ConnectionLimits:
    def positive(name: str, default: float) -> float:
        value = fields.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10**9:
            return float(value)
        return default

    usual = ConnectionLimits()
    return ConnectionLimits(
        positive("recoveryTimeout", usual.recovery_timeout),
        int(positive("recoveryBufferSize", usual.recovery_buffer_size)),
        positive("idleTimeout", usual.idle_timeout),
        positive("absoluteTimeout", usual.absolute_timeout),
    )
