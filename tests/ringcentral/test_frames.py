"""Frames of the gateway, apart from the conversation."""

import json

import pytest

from app.domain.events import ResumePoint
from app.ringcentral.frames import connection_uri, heartbeat_frame, read_frame, subscribe_frame
from tests.ringcentral import samples


def test_the_guides_own_frame() -> None:
    frame = read_frame(samples.text("connection-details"))
    assert (frame.type, frame.status) == ("ConnectionDetails", 200)
    assert frame.headers == {"RCRequestId": "156eec30-xxxx-xxxx-xxxx-005056bf7145"}
    assert frame.resume == ResumePoint("RTFhRG5nfExxxxxxxxxxxcHE3bXkyRURQVQ", 1)
    assert frame.body()["recoveryTimeout"] == 180


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('[{"type": "T"}]', None),
        ('[{"type": "T"},]', None),
        ('[{"type": "T"}, nonsense]', None),
        ('[{"type": "T"}, 1, 2]', None),
        ('[{"type": "T"}, null]', None),
        ('[{"type": "T"}, [1]]', [1]),
        ('\ufeff[ {"type": "T"} , {"a": "],"} ]\n', {"a": "],"}),
    ],
)
def test_bodies(text: str, body: object) -> None:
    assert read_frame(text).body() == body


@pytest.mark.parametrize("status", ["200", True, None, 1.5])
def test_odd_statuses(status: object) -> None:
    assert read_frame(json.dumps([{"type": "T", "status": status}])).status == 0


def test_a_request_is_one_line_with_a_plain_plus_sign() -> None:
    text = subscribe_frame("id", ("/x?from=+1650",))
    assert json.loads(text)[1]["eventFilters"] == ["/x?from=+1650"]
    assert "\n" not in text
    assert json.loads(heartbeat_frame("id")) == [{"type": "Heartbeat", "messageId": "id"}]


@pytest.mark.parametrize(
    ("uri", "resume", "expected"),
    [
        ("wss://rc.test/ws", None, "wss://rc.test/ws?access_token=a%2Bb"),
        ("wss://rc.test/ws?x=1", None, "wss://rc.test/ws?x=1&access_token=a%2Bb"),
        ("wss://rc.test/ws", ResumePoint("t&", 4), "wss://rc.test/ws?access_token=a%2Bb&wsc=t%26"),
    ],
)
def test_the_address_to_connect_to(uri: str, resume: ResumePoint | None, expected: str) -> None:
    assert connection_uri(uri, "a+b", resume) == expected
