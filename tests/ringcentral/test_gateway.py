"""The conversation with the gateway: opening, recovery, notifications, time."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.clock import isoformat
from app.domain.events import Family, ResumePoint, Source
from app.ringcentral.errors import VerdictKind
from app.ringcentral.gateway import (
    CloseReason,
    ConnectionLimits,
    Delivered,
    GatewayProtocol,
    Opened,
    RenewalDue,
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
    answer,
    details,
    error,
    notification,
    post,
    put,
)
from tests.ringcentral.talks import (
    LIMITS,
    NEW,
    NONE,
    OLD,
    ONE,
    ONE_F,
    SUBSCRIBED,
    TWO,
    TWO_F,
    begin,
    live,
    new_ids,
    refused,
    resuming,
)


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
        for _ in range(3):
            assert playbook >> After(20) >> [{"type": "Heartbeat"}]
        assert playbook >> After(14.9)
        assert playbook >> After(0.1) << RenewalDue(25)
        assert playbook.protocol.state is State.LIVE
        assert playbook >> [{"type": "Heartbeat"}] >> After(20) >> notification({})
        assert isinstance(playbook.take(), Delivered)
        assert playbook >> [{"type": "Heartbeat"}] >> After(29), "told once"
        assert playbook >> error("WSG-903") << CloseReason.LIMIT

    def test_a_day_is_renewed_ten_minutes_ahead(self) -> None:
        playbook = live()
        quiet = 86400 - 600
        while playbook.now + 20 < 1000 + quiet:
            assert playbook >> After(20) >> [{"type": "Heartbeat"}]
        assert playbook >> After(1000 + quiet - playbook.now) << RenewalDue(600)

    def test_a_doubted_peer_must_show_life_soon(self) -> None:
        playbook = live()
        playbook.protocol.doubt(playbook.now, 5)
        assert playbook.protocol.next_deadline() == playbook.now + 5
        assert playbook >> After(4) >> Pong() >> After(20), "it did"
        playbook.protocol.doubt(playbook.now, 5)
        assert playbook >> After(3)
        playbook.protocol.doubt(playbook.now, 5)
        assert playbook >> After(2) << CloseReason.DEAD, "doubting twice gives no more time"

    def test_delays_can_be_others(self) -> None:
        playbook = begin(timing=Timing(details_within=1)) >> After(1)
        assert playbook << CloseReason.UNANSWERED

    def test_no_deadline_before_the_first_call(self) -> None:
        assert GatewayProtocol(ONE, new_id=new_ids()).next_deadline() is None
