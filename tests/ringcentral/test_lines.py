"""Events as JSON lines, and back."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Event, Family, Source
from app.domain.problems import BadInput
from app.ringcentral.bodies import event_from_line, event_to_line, message_from_rest, read_notification
from tests.ringcentral.anything import ENVELOPES, JSON
from tests.ringcentral.samples import NOTIFICATIONS, NOW, changed, notification, read, text, value

LATER = datetime(2027, 1, 1, tzinfo=UTC)


def back(event: Event) -> Event:
    line = event_to_line(event)
    assert len(line.splitlines()) == 1
    line.encode("utf-8")
    return event_from_line(line + "\n", received_at=LATER)


def same(one: Event, other: Event) -> None:
    """The same event. The raw notification may gain the uuid and the time that were derived for it."""
    assert one._replace(raw="") == other._replace(raw="")
    try:
        contents = json.loads(one.raw), json.loads(other.raw)
    except ValueError:
        assert one.raw == other.raw
    else:
        if isinstance(contents[0], dict):
            gained = {name: contents[1].get(name) for name in ("uuid", "timestamp") if one.event}
            assert contents[1] == gained | contents[0]
        else:
            assert contents[0] == contents[1]


@pytest.mark.parametrize("source", Source)
@pytest.mark.parametrize("name", NOTIFICATIONS)
def test_round_trip_of_the_guides_events(name: str, source: Source) -> None:
    event = read(notification(name), source)
    same(event, back(event))


def test_the_contract() -> None:
    line = json.loads(event_to_line(read(text("batch-messages-1"))))
    assert list(line)[:7] == ["uuid", "family", "event", "timestamp", "received_at", "source", "body"]
    assert line["family"] == "inbound"
    assert line["timestamp"] == "2021-05-26T04:16:43.533Z"
    assert line["received_at"] == "2026-11-03T16:12:00.123Z"
    assert line["source"] == "live"
    assert line["body"] == value("batch-messages-1")["body"]


def test_what_else_the_envelope_said_is_kept() -> None:
    line = json.loads(event_to_line(read(text("batch-messages-1"))))
    assert line["envelope"] == {
        "subscriptionId": "bce65879-8436-4b2b-a7ce-6ff15ed0ba20",
        "ownerId": "405156321033",
    }


def test_a_time_that_does_not_exist_stays_visible() -> None:
    impossible = "20211-11-14T20:19:56.505461Z"
    event = read(json.dumps(value("message-batch") | {"timestamp": impossible}))
    line = json.loads(event_to_line(event))
    assert line["timestamp"] == "2021-05-26T04:15:54.011183Z"
    assert line["envelope"]["timestamp"] == impossible
    same(event, back(event))


def test_read_back_records() -> None:
    event = message_from_rest(value("batch-messages-2")["body"], received_at=NOW)
    assert json.loads(event_to_line(event))["source"] == "read_back"
    same(event, back(event))


@pytest.mark.parametrize(
    "raw",
    [
        "garbage",
        "",
        '"garbage"',
        '"\\"garbage\\""',
        "[1, 2]",
        "5",
        "null",
        "{}",
        '{"event": 5, "body": 1}',
        "[" * 300 + "]" * 300,
    ],
)
def test_what_is_no_notification(raw: str) -> None:
    event = read(raw)
    assert event.family is Family.UNKNOWN
    same(event, back(event))


def test_characters_that_break_lines_elsewhere() -> None:
    event = read(changed("batch-messages-1", text="one\u2028two\u2029three\x85four\nfive 🎉"))
    same(event, back(event))
    assert event.text == "one\u2028two\u2029three\x85four\nfive 🎉"


def test_numbers_json_does_not_have() -> None:
    raw = text("message-batch").replace(
        '"batchSize": 1', '"batchSize": 1, "a": NaN, "b": 1e999, "c": ' + "9" * 5000
    )
    line = event_to_line(read(raw))
    body = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))["body"]
    assert (body["a"], body["b"], body["c"]) == (None, None, None)
    assert back(read(raw)).size == 1


class TestReading:
    def test_a_bare_notification_counts_as_live_and_as_received_now(self) -> None:
        event = event_from_line(notification("opt-in").replace("\n", " "), received_at=LATER)
        assert (event.family, event.source, event.received_at) == (Family.OPTOUT, Source.LIVE, LATER)

    def test_members_of_later_versions_are_ignored(self) -> None:
        line = json.loads(event_to_line(read(text("opt-in")))) | {"family": "carrier pigeon", "new": 1}
        assert event_from_line(json.dumps(line), received_at=LATER).family is Family.OPTOUT

    def test_missing_times_and_uuid_are_filled_in(self) -> None:
        line = {
            "family": "optout",
            "source": "live",
            "event": value("opt-in")["event"],
            "body": value("opt-in")["body"],
        }
        event = event_from_line(json.dumps(line), received_at=LATER)
        assert event.received_at == event.timestamp == LATER
        assert event.uuid

    @pytest.mark.parametrize(
        ("line", "says"),
        [
            ("", "not JSON"),
            ("uuid,family,event", "not JSON"),
            ("[" * 5000 + "]" * 5000, "nested too deeply"),
            ("[]", "neither"),
            ("{}", "neither"),
            ('{"event": ""}', "neither"),
            ('{"family": "batch", "event": "/x", "body": {}}', "source"),
            ('{"family": "batch", "event": "/x", "body": {}, "source": "dreamt"}', "source"),
        ],
    )
    def test_other_lines_are_refused_in_a_sentence(self, line: str, says: str) -> None:
        with pytest.raises(BadInput, match=says) as refused:
            event_from_line(line, received_at=LATER)
        assert str(refused.value).startswith("This line ")


@given(ENVELOPES | JSON, st.sampled_from(Source))
def test_round_trip_of_anything(anything: Any, source: Source) -> None:
    event = read_notification(json.dumps(anything), received_at=NOW, source=source)
    assert back(event)._replace(raw="") == event._replace(raw="")
    again = back(event)
    same(back(again), again)
