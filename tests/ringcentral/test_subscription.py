"""The conversation with the gateway: the subscription, its changes, and refusals."""

from app.domain.events import Family
from app.ringcentral.errors import VerdictKind
from app.ringcentral.gateway import (
    CloseReason,
    Opened,
    State,
    Subscribed,
)
from tests.ringcentral import samples
from tests.ringcentral.playbook import (
    After,
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
    ONE,
    ONE_F,
    SUBSCRIBED,
    THREE,
    THREE_F,
    TWO,
    TWO_F,
    begin,
    live,
    refused,
)


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
