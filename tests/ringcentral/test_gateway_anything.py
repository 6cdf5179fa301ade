"""The conversation with the gateway, whatever its course."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Family
from app.ringcentral.gateway import (
    CloseReason,
    Delivered,
    Opened,
    Refused,
    State,
    Subscribed,
    Unreadable,
)
from tests.ringcentral import samples
from tests.ringcentral.anything import ENVELOPES, JSON, TEXT
from tests.ringcentral.playbook import (
    HEARTBEAT,
    After,
    Pong,
    Sent,
    answer,
    details,
    notification,
)
from tests.ringcentral.talks import ONE, THREE, TWO, begin, live, resuming

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
    assert delivered.event._replace(received_at=samples.NOW).family is Family.OPTOUT
