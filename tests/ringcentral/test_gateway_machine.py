"""The conversation with the gateway against a model of it, whatever comes in whatever order.

The machine plays driver and service at once: frames good and bad, answers early, late, wrong or never, time,
pongs, choices of the user, dropped connections that are taken up again. It keeps its own account of what the
rules of the guide make of that, and compares.
"""

import json
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.domain.events import ResumePoint
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    CloseReason,
    Delivered,
    GatewayProtocol,
    Opened,
    Refused,
    RenewalDue,
    State,
    Subscribed,
    Timing,
    Unreadable,
)
from tests.ringcentral import samples
from tests.ringcentral.anything import ENVELOPES, JSON, TEXT
from tests.ringcentral.playbook import details
from tests.ringcentral.talks import NONE, ONE, THREE, TWO, new_ids

TIMING = Timing()


def meta(kind: str, wsc: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"type": kind, **({"wsc": wsc} if wsc else {}), **more}


RECOVERY = st.sampled_from([None, "Successful", "Failed"])
REFUSALS = st.sampled_from([400, 403, 404, 429, 500, 503])
BABBLE = TEXT | st.builds(json.dumps, JSON) | st.sampled_from(["[" * 5000, "[{}]", "\x00", '"\\ud800"'])
WSC = st.builds(
    lambda token, sequence: {"token": token, "sequence": sequence},
    st.sampled_from("abc"),
    st.integers(0, 20),
)
HURDLE = 1e-6
"""What floating point may make of the sum of two times."""


class GatewayMachine(RuleBasedStateMachine):
    """Driver and service of one protocol after another."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.number = 0
        self.new_id = new_ids()
        self.filters = ONE
        self.protocol: GatewayProtocol = None  # type: ignore[assignment]

    @initialize()
    def begin(self) -> None:
        self._connect(None, None)

    def _connect(self, resume: ResumePoint | None, subscription: str | None) -> None:
        self.protocol = GatewayProtocol(
            self.filters, new_id=self.new_id, resume=resume, subscription_id=subscription
        )
        self.began = self.now
        self.asked_to_resume = resume is not None
        self.introduced = False
        self.resume = resume
        self.subscription = subscription
        """What the service has told us it has, on this connection."""
        self.pending: tuple[str, dict[str, Any], float] | None = None
        self.renewals = 0
        self.delivered: list[str] = []
        self.protocol.tick(self.now)
        self._look()

    # ---- what comes out

    def _look(self) -> None:
        """Take everything out of the protocol and check it against the account."""
        protocol = self.protocol
        for event in protocol.events_received():
            match event:
                case Delivered(event=delivered, resume=resume):
                    assert resume == self.resume, "an event carries the newest point"
                    self.delivered.append(delivered.raw)
                case Unreadable(event=kept):
                    kept.raw.encode("utf-8")
                case RenewalDue(within=within):
                    self.renewals += 1
                    assert 0 <= within <= TIMING.renew_ahead + HURDLE
                    assert protocol.state is not State.LOST
                case Opened() | Subscribed() | Refused():
                    pass
        assert self.renewals <= 1, "told once"
        for text in protocol.frames_to_send():
            head, *body = json.loads(text)
            assert self.introduced, "something was said before the details"
            assert protocol.state is not State.LOST, "something was said after the end"
            if head["type"] == "ClientRequest":
                self._asked(head, body[0])
            else:
                assert head["type"] == "Heartbeat"

    def _asked(self, head: dict[str, Any], body: dict[str, Any]) -> None:
        assert self.pending is None, "one request at a time"
        wanted = list(self.filters.event_filters())
        assert body["eventFilters"] == wanted, "the newest choice"
        assert wanted
        if head["method"] == "POST":
            assert not self.subscription, "a second subscription on one connection"
        else:
            assert head["method"] == "PUT"
            assert head["path"] == f"/restapi/v1.0/subscription/{self.subscription}"
        self.pending = (head["messageId"], head, self.now)

    def _hear(self, frame: Any) -> None:
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.protocol.receive_frame(text, self.now, samples.NOW + timedelta(seconds=self.now - 1000))
        self._look()

    def _note(self, wsc: dict[str, Any] | None) -> None:
        """The guide: the highest sequence, of frames that are no details."""
        if wsc and (self.resume is None or wsc["sequence"] >= self.resume.sequence):
            self.resume = ResumePoint(wsc["token"], wsc["sequence"])

    # ---- what goes in

    @rule(
        wsc=WSC, recovery=st.sampled_from([None, "Successful", "Failed"]), age=st.sampled_from([86400, 40, 8])
    )
    def introduce(self, wsc: dict[str, Any], recovery: str | None, age: int) -> None:
        """ConnectionDetails, for the first time or once more."""
        lost = self.protocol.state is State.LOST
        if not lost:
            recovered = self.asked_to_resume and recovery == "Successful"
            self.resume = ResumePoint(wsc["token"], wsc["sequence"])
            if not self.introduced:
                self.introduced = True
                if not recovered:
                    self.subscription = None
        body: dict[str, Any] = {"absoluteTimeout": age}
        if recovery:
            body["recoveryState"] = recovery
        self._hear(details(wsc=wsc, **body))

    @rule(wsc=st.none() | WSC)
    def notify(self, wsc: dict[str, Any] | None) -> None:
        """One notification is one event, at any time."""
        self.number += 1
        self._note(wsc)
        before = len(self.delivered)
        self._hear([meta("ServerNotification", wsc), samples.value("opt-in") | {"uuid": f"n{self.number}"}])
        assert len(self.delivered) == before + 1
        assert f'"n{self.number}"' in self.delivered[-1]

    @rule(envelope=ENVELOPES)
    def notify_something(self, envelope: Any) -> None:
        before = len(self.delivered)
        self._hear([{"type": "ServerNotification"}, envelope])
        assert len(self.delivered) == before + 1

    @precondition(lambda self: self.pending is not None)
    @rule(wsc=st.none() | WSC, named=st.booleans(), disabled=st.booleans())
    def agree(self, wsc: dict[str, Any] | None, named: bool, disabled: bool) -> None:
        """The answer to the request under way."""
        assert self.pending is not None
        message_id, asked, _ = self.pending
        self.number += 1
        updating = asked["method"] == "PUT"
        name = self.subscription if updating else f"sub-{self.number}"
        # A new one without a name can only be replaced, which is what the service does with a second one.
        body = {"id": name} if named else {}
        if disabled:
            body["disabledFilters"] = [{"filter": "x"}]  # type: ignore[assignment]
        self._answered(wsc)
        self.subscription = body.get("id") or self.subscription
        head = {
            "type": "ClientRequest",
            "messageId": message_id,
            "status": 200,
            **({"wsc": wsc} if wsc else {}),
        }
        self._hear([head, body])

    @precondition(lambda self: self.pending is not None)
    @rule(
        status=st.sampled_from([400, 403, 404, 429, 500, 503]),
        kind=st.sampled_from(["ClientRequest", "Error"]),
    )
    def refuse(self, status: int, kind: str) -> None:
        assert self.pending is not None
        message_id, asked, _ = self.pending
        self._answered(None)
        if status == 404 and asked["method"] == "PUT":
            self.subscription = None  # the service has it no more
        self._hear([meta(kind, messageId=message_id, status=status), {"errorCode": f"X-{status}"}])

    def _answered(self, wsc: dict[str, Any] | None) -> None:
        self.pending = None
        self._note(wsc)

    @rule(kind=st.sampled_from(["ClientRequest", "Error", "Heartbeat"]), wsc=st.none() | WSC)
    def say_something_nobody_asked(self, kind: str, wsc: dict[str, Any] | None) -> None:
        self._note(wsc)
        self._hear([meta(kind, wsc, messageId="nobody's"), {"a": 1}])

    @rule(code=st.sampled_from(["WSG-902", "WSG-903", "WSG-400", "WSG-1003", "WSG-1005", "OAU-129", "X"]))
    def fail(self, code: str) -> None:
        """An error of the connection itself."""
        introduced, lost = self.introduced, self.protocol.state is State.LOST
        no_session = code in ("WSG-400", "WSG-1003", "WSG-1005") and not introduced
        if no_session and not lost:
            self.resume, self.asked_to_resume = None, False
        self._hear([{"type": "Error", "messageId": "e"}, {"errorCode": code}])
        if code in ("WSG-902", "WSG-903") and not lost:
            assert self.protocol.close_wanted() is CloseReason.LIMIT

    @rule(
        text=TEXT | st.builds(json.dumps, JSON) | st.sampled_from(["[" * 5000, "[{}]", "\x00", '"\\ud800"'])
    )
    def babble(self, text: str) -> None:
        """Anything. Nothing of it is an answer, or a notification with a number of ours."""
        before = self.protocol.state
        self._hear(text)
        assert self.protocol.state is before

    @rule(seconds=st.floats(0, 70))
    def let_time_pass(self, seconds: float) -> None:
        """The driver ticks whenever it is due."""
        end = self.now + seconds
        while (due := self.protocol.next_deadline()) is not None and due <= end:
            assert due >= self.now - HURDLE, "a deadline that ticking does not meet"
            self.now = max(self.now, due)
            self.protocol.tick(self.now)
            self._look()
        self.now = end

    @rule(seconds=st.floats(0, 100_000))
    def sleep(self, seconds: float) -> None:
        """Time passes, and nobody ticked: the driver was held up, or the computer slept."""
        self.now += seconds
        self.protocol.tick(self.now)
        self._look()
        if seconds >= TIMING.dead_after:
            assert self.protocol.state is State.LOST

    @rule()
    def pong(self) -> None:
        self.protocol.pong_received(self.now)

    @rule(within=st.floats(0.1, 10))
    def doubt(self, within: float) -> None:
        if self.protocol.state is not State.LOST:
            self.protocol.doubt(self.now, within)
            due = self.protocol.next_deadline()
            assert due is not None
            assert due <= self.now + within + HURDLE

    @rule(filters=st.sampled_from([ONE, TWO, THREE] * 3 + [NONE]))
    def choose(self, filters: FilterSet) -> None:
        self.filters = filters
        self.protocol.choose(filters, self.now)
        self._look()
        if filters == NONE and self.introduced:
            assert self.protocol.state is State.LOST

    @rule(again=st.booleans())
    def drop(self, again: bool) -> None:
        """The connection breaks; the next one may take the session up."""
        resume = self.protocol.resume if again else None
        self._connect(resume, self.protocol.subscription_id if resume else None)

    # ---- liveness

    @rule()
    def fall_silent(self) -> None:
        """Whatever state it is in: if the service says nothing more, that is noticed in time."""
        end = self.now + TIMING.dead_after + HURDLE
        self.let_time_pass(end - self.now)
        assert self.protocol.state is State.LOST
        assert self.protocol.close_wanted() is not None

    @rule(named=st.booleans())
    def behave(self, named: bool) -> None:
        """A service that does as the guide says makes it live, unless it refused or nothing is wanted."""
        self.filters = ONE if self.filters == NONE else self.filters
        self.choose(self.filters)
        for _ in range(6):
            if self.protocol.state is State.LOST:
                return
            if not self.introduced:
                self.introduce({"token": "z", "sequence": 0}, None, 86400)
            elif self.pending is not None:
                self.agree(None, True, False)
            elif self.protocol.state is State.LIVE:
                break
            else:
                self.pong()
                self.let_time_pass(
                    min(TIMING.dead_after - 1, (self.protocol.next_deadline() or 0) - self.now)
                )
        assert self.protocol.state in (State.LIVE, State.LOST, State.SUBSCRIBING, State.UPDATING)
        for filters in (TWO, ONE):
            if self.protocol.state is State.LIVE:
                self.choose(filters)
                if self.pending is not None:
                    self.agree(None, named, False)

    # ---- what always holds

    @invariant()
    def the_newest_point_is_kept(self) -> None:
        if self.protocol is not None:
            assert self.protocol.resume == self.resume

    @invariant()
    def nothing_waits_for_ever(self) -> None:
        if self.protocol is None or self.protocol.state is State.LOST:
            return
        due = self.protocol.next_deadline()
        assert due is not None
        assert due <= self.now + TIMING.dead_after + HURDLE
        if not self.introduced:
            assert self.protocol.state is State.AWAITING_DETAILS
            assert due <= self.began + TIMING.details_within + HURDLE
        if self.pending is not None:
            assert due <= self.pending[2] + TIMING.answer_within + HURDLE

    @invariant()
    def the_end_has_a_reason(self) -> None:
        if self.protocol is not None:
            assert (self.protocol.state is State.LOST) == (self.protocol.close_wanted() is not None)
            assert (self.protocol.next_deadline() is None) == (self.protocol.state is State.LOST)


GatewayMachine.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
TestGatewayMachine = GatewayMachine.TestCase
