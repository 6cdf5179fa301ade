"""The conversation with the gateway."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.clock import isoformat
from app.domain.events import Family, ResumePoint, Source
from app.ringcentral.errors import VerdictKind
from app.ringcentral.filters import FilterSet
from app.ringcentral.gateway import (
    CloseReason,
    ConnectionLimits,
    Delivered,
    GatewayProtocol,
    Opened,
    Refused,
    State,
    Subscribed,
    Timing,
    Unreadable,
)
from tests.ringcentral import samples
from tests.ringcentral.playbook import (
    HEARTBEAT,
    After,
    Playbook,
    Pong,
    Sent,
    answer,
    details,
    error,
    notification,
    post,
    put,
)
from tests.ringcentral.test_bodies import ENVELOPES, JSON, TEXT

ONE = FilterSet(numbers=("+16505550100",))
TWO = FilterSet(numbers=("+16505550100", "+16505550111"))
THREE = FilterSet(account_wide=True)
ONE_F, TWO_F, THREE_F = (chosen.event_filters() for chosen in (ONE, TWO, THREE))
NONE = FilterSet()
NEW = ResumePoint("new", 1)
OLD = ResumePoint("old", 7)
LIMITS = ConnectionLimits()
SUBSCRIBED = Subscribed("sub-1", (), ONE_F)


def new_ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"m{next(numbers)}"


def begin(filters: FilterSet = ONE, **options: Any) -> Playbook:
    return Playbook(GatewayProtocol(filters, new_id=new_ids(), **options))


def resuming(filters: FilterSet = ONE, **options: Any) -> Playbook:
    return begin(filters, resume=OLD, subscription_id="sub-1", **options)


def live(filters: FilterSet = ONE) -> Playbook:
    playbook = begin(filters)
    assert playbook >> details() << Opened(False, LIMITS, NEW) << post(filters.event_filters())
    assert playbook >> answer() << Subscribed("sub-1", (), filters.event_filters())
    return playbook


def refused(playbook: Playbook) -> Refused:
    outcome = playbook.take()
    assert isinstance(outcome, Refused)
    return outcome


class TestOpening:
    def test_nothing_is_said_before_the_details(self) -> None:
        playbook = begin()
        assert playbook.protocol.state is State.AWAITING_DETAILS
        assert repr(playbook.protocol) == "<GatewayProtocol awaiting_details>"
        assert playbook >> TWO >> Pong() >> [{"type": "Heartbeat"}] >> After(10)
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(TWO_F)
        assert playbook.protocol.state is State.SUBSCRIBING

    def test_the_guides_own_frame(self) -> None:
        playbook = begin() >> samples.text("connection-details")
        opened = playbook.take()
        assert opened == Opened(False, LIMITS, ResumePoint("RTFhRG5nfExxxxxxxxxxxcHE3bXkyRURQVQ", 1))
        assert playbook << post(ONE_F)

    def test_subscribing(self) -> None:
        playbook = live()
        assert playbook.protocol.state is State.LIVE
        assert playbook.protocol.subscription_id == "sub-1"
        assert playbook >> After(1)

    def test_the_id_may_come_in_a_header(self) -> None:
        playbook = begin()
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(body={}, **{"WSG-SubscriptionId": "h"}) << Subscribed("h", (), ONE_F)

    def test_an_answer_without_an_id_is_good_enough(self) -> None:
        playbook = begin()
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(0, body=[]) << Subscribed("", (), ONE_F)
        assert playbook >> TWO << post(TWO_F), "without its id it can only be replaced"

    def test_disabled_filters_are_told(self) -> None:
        playbook = begin()
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        disabled = [{"filter": ONE_F[0], "reason": "SUB-406"}, ONE_F[3], {"reason": "?"}, 5]
        told = Subscribed("sub-1", (ONE_F[0], ONE_F[3]), ONE_F)
        assert playbook >> answer(body={"id": "sub-1", "disabledFilters": disabled}) << told

    @pytest.mark.parametrize("disabled", [None, {}, "x", []])
    def test_odd_lists_of_disabled_filters(self, disabled: Any) -> None:
        playbook = begin()
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(body={"id": "sub-1", "disabledFilters": disabled}) << SUBSCRIBED

    def test_limits_are_read_from_the_frame(self) -> None:
        body = {"recoveryTimeout": 30, "recoveryBufferSize": 5, "idleTimeout": 60, "absoluteTimeout": 100}
        assert (
            begin() >> details(**body) << Opened(False, ConnectionLimits(30, 5, 60, 100), NEW) << post(ONE_F)
        )

    @pytest.mark.parametrize("odd", [None, "30", True, -1, 0, float("inf"), 1e300, []])
    def test_odd_limits_are_the_usual_ones(self, odd: Any) -> None:
        names = ("recoveryTimeout", "recoveryBufferSize", "idleTimeout", "absoluteTimeout")
        assert begin() >> details(**dict.fromkeys(names, odd)) << Opened(False, LIMITS, NEW) << post(ONE_F)

    def test_details_without_a_body(self) -> None:
        assert begin() >> [{"type": "ConnectionDetails"}] << Opened(False, LIMITS, None) << post(ONE_F)

    def test_no_details_in_time(self) -> None:
        playbook = begin() >> After(19.9) >> Pong() >> After(0.2)
        assert playbook << CloseReason.UNANSWERED
        assert playbook.protocol.state is State.LOST
        assert playbook.protocol.next_deadline() is None
        assert playbook >> details() >> ONE >> After(3600), "what comes late is too late"

    def test_details_that_refuse(self) -> None:
        playbook = begin() >> details(status=401, errorCode="OAU-129")
        assert refused(playbook).error.kind is VerdictKind.REFRESH
        assert playbook << CloseReason.REFUSED

    def test_nothing_to_follow(self) -> None:
        playbook = begin(NONE) >> details() << Opened(False, LIMITS, NEW) << CloseReason.UNFOLLOWED
        assert playbook >> After(100)


class TestRecovery:
    def test_the_subscription_lives_on(self) -> None:
        playbook = resuming() >> details(recoveryState="Successful") << Opened(True, LIMITS, NEW)
        assert playbook.protocol.state is State.LIVE
        assert playbook >> After(1)
        assert playbook.protocol.subscription_id == "sub-1"

    def test_the_guides_own_frame(self) -> None:
        playbook = resuming() >> samples.text("session-recovery")
        assert playbook << Opened(
            True, ConnectionLimits(recovery_timeout=30), ResumePoint("G86G3HLB9HJH45MU7D", 1)
        )

    def test_it_is_changed_if_the_choice_changed_meanwhile(self) -> None:
        playbook = resuming() >> TWO >> details(recoveryState="Successful")
        assert playbook << Opened(True, LIMITS, NEW) << put(TWO_F)
        assert playbook >> answer() << Subscribed("sub-1", (), TWO_F)

    def test_it_is_changed_if_it_was_made_for_another_choice(self) -> None:
        playbook = resuming(TWO, subscribed=ONE_F) >> details(recoveryState="Successful")
        assert playbook << Opened(True, LIMITS, NEW) << put(TWO_F)

    def test_without_its_id_it_is_made_anew(self) -> None:
        playbook = begin(resume=OLD) >> details(recoveryState="Successful")
        assert playbook << Opened(True, LIMITS, NEW) << post(ONE_F)

    @pytest.mark.parametrize("state", ["Failed", None, 5])
    def test_failed(self, state: Any) -> None:
        playbook = resuming() >> details(recoveryState=state) << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(body={"id": "sub-2"}) << Subscribed("sub-2", (), ONE_F)

    def test_successful_without_having_asked(self) -> None:
        playbook = begin(subscription_id="sub-1") >> details(recoveryState="Successful")
        assert playbook << Opened(False, LIMITS, NEW) << post(ONE_F)

    @pytest.mark.parametrize("code", ["WSG-1003", "WSG-1005"])
    def test_an_error_first_then_a_new_session(self, code: str) -> None:
        playbook = resuming() >> error(code)
        assert refused(playbook).forget_resume
        assert playbook.protocol.resume is None
        assert playbook >> details(recoveryState="Successful") << Opened(False, LIMITS, NEW) << post(ONE_F)

    def test_an_unknown_session_ends_the_connection(self) -> None:
        playbook = resuming() >> error("WSG-400")
        assert refused(playbook).forget_resume
        assert playbook << CloseReason.REFUSED

    def test_the_replay_is_marked(self) -> None:
        playbook = resuming() >> details(recoveryState="Successful") << Opened(True, LIMITS, NEW)
        for seconds, source in ((-5, Source.REPLAYED), (1, Source.LIVE), (-4, Source.REPLAYED)):
            assert source_of(playbook, seconds) is source

    def test_a_wrong_clock_makes_no_endless_replay(self) -> None:
        body = {"recoveryState": "Successful", "recoveryBufferSize": 2}
        playbook = (
            resuming() >> details(**body) << Opened(True, ConnectionLimits(recovery_buffer_size=2), NEW)
        )
        sources = [source_of(playbook, -3600) for _ in range(4)]
        assert sources == [Source.REPLAYED, Source.REPLAYED, Source.LIVE, Source.LIVE]

        playbook = resuming() >> details(recoveryState="Successful") << Opened(True, LIMITS, NEW)
        assert (
            playbook >> After(25) >> Pong() >> [{"type": "Heartbeat"}] >> After(25) >> [{"type": "Heartbeat"}]
        )
        assert playbook >> After(11)
        assert source_of(playbook, -3600) is Source.LIVE

    def test_nothing_is_replayed_on_a_new_connection(self) -> None:
        assert source_of(live(), -3600) is Source.LIVE


def source_of(playbook: Playbook, seconds: float) -> Source:
    """How a notification so many seconds from now is marked."""
    body = samples.value("message-batch") | {
        "timestamp": isoformat(playbook.wall + timedelta(seconds=seconds))
    }
    assert playbook >> notification(body)
    delivered = playbook.take()
    assert isinstance(delivered, Delivered)
    return delivered.event.source


class TestNotifications:
    @pytest.mark.parametrize("name", samples.NOTIFICATIONS)
    def test_kept_as_they_came(self, name: str) -> None:
        body = samples.notification(name)
        playbook = live() >> f' [ {{"type":"ServerNotification"}} ,\n{body} ] '
        delivered = playbook.take()
        assert delivered == Delivered(samples.read(body.strip()), NEW)
        assert delivered.event.raw == body.strip()

    def test_the_guides_own_frame(self) -> None:
        playbook = live() >> samples.text("websocket-notification")
        assert playbook.take().event.uuid == "2661273919712564939"

    def test_before_the_details_they_count_too(self) -> None:
        playbook = begin() >> notification(samples.value("opt-in"))
        assert playbook.take().event.family is Family.OPTOUT
        assert playbook >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)

    def test_after_the_end_they_count_too(self) -> None:
        playbook = live() >> error("WSG-903") << CloseReason.LIMIT
        assert playbook >> notification(samples.value("opt-in"))
        assert playbook.take().event.family is Family.OPTOUT

    def test_without_a_frame_they_count_too(self) -> None:
        playbook = live() >> samples.text("opt-in")
        assert isinstance(playbook.take(), Delivered)

    def test_without_a_body(self) -> None:
        playbook = live() >> [{"type": "ServerNotification"}]
        assert playbook.take().event.family is Family.UNKNOWN

    def test_the_point_to_resume_at_goes_with_the_event(self) -> None:
        playbook = live() >> notification({}, wsc={"token": "new", "sequence": 9})
        assert playbook.take().resume == ResumePoint("new", 9)
        assert playbook >> notification({}, wsc={"token": "new", "sequence": 8})
        assert playbook.take().resume == ResumePoint("new", 9), "the highest sequence counts"
        assert playbook >> notification({})
        assert playbook.take().resume == ResumePoint("new", 9)
        assert playbook >> details(wsc={"token": "newer", "sequence": 1}) >> notification({})
        assert playbook.take().resume == ResumePoint("newer", 1), "but the newest details decide"

    @pytest.mark.parametrize(
        "wsc",
        [None, {}, [], "x", {"token": ""}, {"token": 5, "sequence": 9}, {"token": "zero", "sequence": -1}],
    )
    def test_odd_points(self, wsc: Any) -> None:
        playbook = live() >> notification({}, wsc=wsc)
        assert playbook.take().resume == NEW

    @pytest.mark.parametrize("sequence", ["9", 1.5, 2**64, True, None])
    def test_odd_sequences_count_as_nought(self, sequence: Any) -> None:
        playbook = begin() >> details(wsc={"token": "t", "sequence": sequence})
        assert playbook << Opened(False, LIMITS, ResumePoint("t", 0)) << post(ONE_F)


class TestUnreadable:
    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "not JSON"),
            ("not a frame", "not JSON"),
            ("[", "not JSON"),
            ("[nonsense]", "not JSON"),
            ("{}", "not a frame"),
            ("5", "not a frame"),
            ("[]", "not a frame"),
            ("[5]", "not a frame"),
            ("[{}]", "not a frame"),
            ('[{"type": 5}]', "not a frame"),
            ('[{"type": "Heartbeat"} {}]', "not a frame"),
            ('[{"type": "Telegram"}]', "does not know"),
            ('[{"type": ' + "[" * 100_000 + "]" * 100_000 + "}]", "nested too deeply"),
        ],
    )
    def test_it_is_kept_and_the_conversation_goes_on(self, text: str, why: str) -> None:
        playbook = live() >> text
        unreadable = playbook.take()
        assert isinstance(unreadable, Unreadable)
        assert why in unreadable.event.text
        assert unreadable.event.family is Family.UNKNOWN
        assert unreadable.event.raw == text
        assert playbook >> notification(samples.value("opt-in"))
        assert playbook.take().event.family is Family.OPTOUT

    def test_answers_to_nothing_are_ignored(self) -> None:
        assert live() >> [{"type": "ClientRequest", "messageId": "x", "status": 400}, {}] >> After(1)

    def test_half_an_emoji_in_a_header(self) -> None:
        meta = '{"type":"ConnectionDetails","headers":{"a\\ud800":"\\u0000"},"wsc":{"token":"t\\ud800"}}'
        assert begin() >> f"[{meta}]" << Opened(False, LIMITS, ResumePoint("t\ufffd", 0)) << post(ONE_F)


class TestChoosing:
    def test_on_a_live_connection_it_is_changed_in_place(self) -> None:
        playbook = live() >> TWO << put(TWO_F)
        assert playbook.protocol.state is State.UPDATING
        assert playbook >> notification(samples.value("opt-in"))
        assert playbook.take().event.family is Family.OPTOUT, "events come meanwhile"
        assert playbook >> answer() << Subscribed("sub-1", (), TWO_F)
        assert playbook.protocol.state is State.LIVE

    def test_the_same_again_asks_nothing(self) -> None:
        assert live() >> ONE >> After(1)

    def test_while_subscribing_it_waits_its_turn(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> TWO >> THREE
        assert playbook >> answer() << SUBSCRIBED << put(THREE_F)
        assert playbook >> answer() << Subscribed("sub-1", (), THREE_F)

    def test_while_updating_it_waits_its_turn(self) -> None:
        playbook = live() >> TWO << put(TWO_F)
        assert playbook >> ONE
        assert playbook >> answer() << Subscribed("sub-1", (), TWO_F) << put(ONE_F)

    def test_a_subscription_that_is_gone_is_made_anew(self) -> None:
        playbook = live() >> TWO << put(TWO_F)
        assert playbook >> answer(404, {"errorCode": "CMN-102"}) << post(TWO_F)
        assert playbook >> answer(body={"id": "sub-2"}) << Subscribed("sub-2", (), TWO_F)
        assert playbook >> ONE << put(ONE_F, "sub-2")

    def test_nothing_at_all(self) -> None:
        assert live() >> NONE << CloseReason.UNFOLLOWED

    def test_ids_are_put_into_paths_safely(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(body={"id": "../x y"}) << Subscribed("../x y", (), ONE_F)
        assert playbook >> TWO << put(TWO_F, "..%2Fx%20y")


class TestRefusals:
    BAD = samples.value("sample-error")

    def test_bad_filters(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(400, self.BAD)
        outcome = refused(playbook)
        assert (outcome.error.kind, outcome.error.code) == (VerdictKind.BAD_REQUEST, "SUB-508")
        assert playbook.protocol.state is State.REFUSED
        assert playbook >> After(1), "it is not asked again by itself"
        assert playbook >> TWO << post(TWO_F)

    def test_bad_filters_that_are_chosen_again(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(400, self.BAD)
        refused(playbook)
        assert playbook >> ONE << post(ONE_F)

    def test_another_choice_made_meanwhile_is_tried(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> TWO >> answer(400, self.BAD)
        refused(playbook)
        assert playbook << post(TWO_F)

    def test_a_refused_change_leaves_the_old_subscription(self) -> None:
        playbook = live() >> TWO << put(TWO_F)
        assert playbook >> answer(400, self.BAD)
        refused(playbook)
        assert playbook.protocol.state is State.LIVE
        assert playbook >> After(1) >> ONE >> After(1), "the old choice is what is followed"
        assert playbook >> TWO << put(TWO_F)

    def test_an_error_frame_can_be_the_answer(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> error("SUB-508", of_request=True)
        assert refused(playbook).error.code == "SUB-508"

    def test_an_answer_without_a_status_but_with_a_code(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(0, self.BAD)
        assert refused(playbook).error.code == "SUB-508"

    def test_a_missing_permission(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(403, {"errors": [{"errorCode": "CMN-401", "permissionName": "A2PSMS"}]})
        outcome = refused(playbook)
        assert (outcome.error.kind, outcome.error.permission) == (VerdictKind.PERMISSION, "A2PSMS")

    def test_a_token_that_is_no_good_any_more(self) -> None:
        playbook = live() >> TWO << put(TWO_F)
        assert playbook >> answer(401, {"errorCode": "OAU-129"})
        assert refused(playbook).error.kind is VerdictKind.REFRESH
        assert playbook << CloseReason.REFUSED

    def test_a_penalty_is_waited_for(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> answer(429, {"errorCode": "CMN-301"}, **{"Retry-After": "12"})
        assert playbook >> TWO >> After(11.9)
        assert playbook >> After(0.2) << post(TWO_F)

    def test_the_services_own_errors_are_tried_again_more_and_more_slowly(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        for delay in (2, 4, 8, 16):
            assert playbook >> answer(503, {}) >> After(delay - 0.1)
            assert playbook >> After(0.2) << post(ONE_F)
        assert playbook >> answer() << SUBSCRIBED
        assert playbook >> TWO << put(TWO_F)
        assert playbook >> answer(500, {}) >> After(1.9)
        assert playbook >> After(0.2) << put(TWO_F), "success starts the delays anew"

    def test_no_answer(self) -> None:
        playbook = begin() >> details() << Opened(False, LIMITS, NEW) << post(ONE_F)
        assert playbook >> After(20) >> [{"type": "Heartbeat"}] >> After(9.9)
        assert playbook >> After(0.2) << CloseReason.UNANSWERED

    def test_errors_of_the_connection(self) -> None:
        playbook = live() >> error("WSG-1")
        assert refused(playbook).error.code == "WSG-1"
        assert playbook.protocol.state is State.LIVE
        assert playbook >> error("OAU-129", 401)
        refused(playbook)
        assert playbook << CloseReason.REFUSED
        assert playbook >> error("WSG-1"), "after the end it does not matter"

    def test_errors_before_the_details(self) -> None:
        playbook = begin() >> error("WSG-999")
        refused(playbook)
        assert playbook << CloseReason.REFUSED


class TestTime:
    @pytest.mark.parametrize("code", ["WSG-902", "WSG-903"])
    def test_the_limits_of_the_service_are_normal(self, code: str) -> None:
        assert live() >> error(code) << CloseReason.LIMIT

    def test_heartbeats_fill_the_silence(self) -> None:
        playbook = live() >> After(29.9) >> Pong() >> After(0.2) << HEARTBEAT
        assert playbook >> After(20) >> notification({})
        playbook.take()
        assert playbook >> After(29.9) >> Pong() >> After(0.2) << HEARTBEAT

    def test_heartbeats_suit_a_shorter_limit(self) -> None:
        playbook = begin() >> details(idleTimeout=10) << Opened(False, ConnectionLimits(idle_timeout=10), NEW)
        assert playbook << post(ONE_F) >> answer() << SUBSCRIBED
        assert playbook >> After(4.9) >> After(0.2) << HEARTBEAT

    def test_a_dead_peer(self) -> None:
        playbook = live() >> After(30) << HEARTBEAT
        assert playbook >> After(9.9)
        assert playbook >> After(0.2) << CloseReason.DEAD

    def test_pongs_prove_life(self) -> None:
        playbook = live()
        for _ in range(10):
            assert playbook >> After(29) >> Pong() >> After(1) << HEARTBEAT
        assert playbook.protocol.state is State.LIVE

    def test_renewal_before_the_service_ends_it(self) -> None:
        playbook = begin() >> details(absoluteTimeout=100)
        assert playbook << Opened(False, ConnectionLimits(absolute_timeout=100), NEW) << post(ONE_F)
        assert playbook >> answer() << SUBSCRIBED
        for _ in range(4):
            assert playbook >> After(20) >> [{"type": "Heartbeat"}]
        assert playbook >> After(9.9)
        assert playbook >> After(0.2) << CloseReason.RENEW

    def test_delays_can_be_others(self) -> None:
        playbook = begin(timing=Timing(details_within=1)) >> After(1)
        assert playbook << CloseReason.UNANSWERED

    def test_no_deadline_before_the_first_call(self) -> None:
        assert GatewayProtocol(ONE, new_id=new_ids()).next_deadline() is None


FRAMES = st.one_of(
    TEXT,
    JSON.map(json.dumps),
    st.tuples(
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    [
                        "ConnectionDetails",
                        "ClientRequest",
                        "ServerNotification",
                        "Heartbeat",
                        "Error",
                        "Other",
                    ]
                )
                | JSON
            },
            optional={
                "messageId": st.sampled_from(["m1", "m2", "m3"]) | JSON,
                "status": st.sampled_from([200, 400, 401, 404, 429, 503]) | JSON,
                "headers": JSON,
                "wsc": st.fixed_dictionaries({"token": JSON, "sequence": JSON}) | JSON,
            },
        ),
        ENVELOPES
        | st.fixed_dictionaries(
            {},
            optional={
                "id": JSON,
                "recoveryState": st.sampled_from(["Successful", "Failed"]) | JSON,
                "errorCode": st.sampled_from(["WSG-400", "WSG-902", "WSG-1005", "SUB-508", "CMN-301"]) | JSON,
                "absoluteTimeout": JSON,
                "disabledFilters": JSON,
            },
        )
        | JSON,
    ).map(json.dumps),
)
STEPS = st.one_of(
    FRAMES,
    FRAMES,
    st.sampled_from([details(), details(recoveryState="Successful"), answer(), answer(404), answer(503)]),
    st.sampled_from([ONE, TWO, THREE, Pong()]),
    st.builds(After, st.floats(0, 50)),
)


@given(st.lists(STEPS, max_size=25), st.booleans())
def test_any_course_of_events(steps: list[Any], resumed: bool) -> None:
    """Nothing raises; nothing is said unasked; one request at a time; every notification is handed over."""
    playbook = resuming() if resumed else begin()
    protocol = playbook.protocol
    opened = False
    for step in steps:
        lost_before = protocol.state is State.LOST
        assert playbook >> step
        for outcome in playbook.outcome:
            match outcome:
                case Opened():
                    assert not opened
                    opened = True
                case Subscribed() | Refused():
                    pass
                case Delivered(event, _) | Unreadable(event):
                    event.raw.encode("utf-8")
                case CloseReason():
                    assert protocol.state is State.LOST
                case sent:
                    assert opened, "something was said before the details"
                    assert not lost_before
                    assert isinstance(sent, Sent)
        requests = [o for o in playbook.outcome if isinstance(o, Sent) and o != HEARTBEAT]
        assert len(requests) <= 1 or isinstance(step, After), "one request at a time"
        playbook.outcome.clear()
        deadline = protocol.next_deadline()
        assert (deadline is None) == (protocol.state is State.LOST)
        assert deadline is None or deadline > playbook.now - 1e-9


@given(st.lists(FRAMES, max_size=5))
def test_whatever_comes_a_notification_after_it_is_delivered(noise: list[str]) -> None:
    playbook = live()
    for frame in noise:
        assert playbook >> frame
        playbook.outcome.clear()
    assert playbook >> notification(samples.value("opt-in"))
    delivered = playbook.take()
    assert replace(delivered.event, received_at=samples.NOW).family is Family.OPTOUT
