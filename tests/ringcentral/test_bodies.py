"""Notifications become events, whatever they look like."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import OPTED_IN, OPTED_OUT, Event, Family, Source
from app.ringcentral.bodies import batch_from_rest, message_from_rest, read_notification
from tests.ringcentral.anything import ENVELOPES, JSON, TEXT
from tests.ringcentral.samples import NOTIFICATIONS, NOW, changed, notification, read, text, value


def at(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


class TestGuide:
    """The six events the guide prints."""

    def test_opt_out(self) -> None:
        event = read(text("batch-message-optout"))
        assert event.family is Family.OPTOUT
        assert (event.number, event.customer) == ("+16505550100", "+12125550100")
        assert event.state == OPTED_OUT
        assert event.uuid == "12345678901234567890"
        assert event.timestamp == at("2020-10-01T00:00:00Z")
        assert event.event == "/restapi/v1.0/account/11111111/a2p-sms/opt-outs"

    def test_opt_in(self) -> None:
        event = read(text("opt-in"))
        assert (event.family, event.state) == (Family.OPTOUT, OPTED_IN)
        assert event.timestamp == at("2020-10-01T00:00:01Z")

    def test_inbound(self) -> None:
        event = read(text("batch-messages-1"))
        assert event.family is Family.INBOUND
        assert (event.number, event.customer) == ("+12406680432", "+19287680662")
        assert (event.ref, event.state, event.segments) == ("7119", "Delivered", 1)
        assert event.text == "Thank you for the message"
        assert event.cost == Decimal("0.007")
        assert event.timestamp == at("2021-05-26T04:16:43.533Z")
        assert event.created_at == event.modified_at == at("2021-05-26T04:16:42.985974Z")

    def test_outbound(self) -> None:
        event = read(text("batch-messages-2"))
        assert event.family is Family.OUTBOUND
        assert (event.number, event.customer, event.ref) == ("+13102375087", "+14842910071", "7086")

    @pytest.mark.parametrize("name", ["message-batch", "specific-message-batch"])
    def test_batch(self, name: str) -> None:
        event = read(text(name))
        assert event.family is Family.BATCH
        assert event.ref == event.batch_id == "b6f5610f-5ff1-4273-8a8d-e3742ba4e683"
        assert (event.number, event.customer, event.state) == ("+14089150788", "", "Completed")
        assert (event.size, event.processed, event.rejected) == (1, 1, None)
        assert event.timestamp == at("2021-05-26T04:15:54.394Z")

    @pytest.mark.parametrize("name", NOTIFICATIONS)
    def test_raw_is_what_came(self, name: str) -> None:
        raw = notification(name)
        assert read(raw).raw == raw

    @pytest.mark.parametrize("name", NOTIFICATIONS)
    def test_a_parsed_value_reads_the_same(self, name: str) -> None:
        raw = notification(name)
        from_value = read(json.loads(raw))
        assert json.loads(from_value.raw) == json.loads(raw)
        assert _but_raw(from_value) == _but_raw(read(raw))


def _but_raw(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event._fields if name != "raw"}


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ({"to": "+12406680432"}, "number", "+12406680432"),
        ({"to": []}, "number", ""),
        ({"to": [{"phoneNumber": "+12406680432"}]}, "number", "+12406680432"),
        ({"to": 5}, "number", "5"),
        ({"from": {"phoneNumber": "+19287680662"}}, "customer", "+19287680662"),
        ({"from": True}, "customer", ""),
        ({"id": 7119}, "ref", "7119"),
        ({"id": 2**400, "batchId": {}}, "family", Family.UNKNOWN),
        ({"messageStatus": "Teleported"}, "state", "Teleported"),
        ({"messageStatus": 7}, "state", "7"),
        ({"messageStatus": True}, "state", ""),
        ({"messageStatus": "x" * 5000}, "state", "x" * 200),
        ({"batchId": 12}, "batch_id", "12"),
        ({"errorCode": "SMS-CAR-413"}, "error_code", "SMS-CAR-413"),
        ({"text": None}, "text", ""),
        ({"text": ["no"]}, "text", ""),
        ({"text": "a\0b\ud83d"}, "text", "a\ufffdb\ufffd"),
        ({"segmentCount": "3"}, "segments", 3),
        ({"segmentCount": 3.0}, "segments", 3),
        ({"segmentCount": 2**31}, "segments", None),
        ({"segmentCount": -1}, "segments", None),
        ({"segmentCount": True}, "segments", None),
        ({"segmentCount": "three"}, "segments", None),
        ({"cost": "0.0070"}, "cost", Decimal("0.0070")),
        ({"cost": 2}, "cost", Decimal(2)),
        ({"cost": True}, "cost", None),
        ({"cost": "much"}, "cost", None),
        ({"cost": "NaN"}, "cost", None),
        ({"cost": 1e300}, "cost", None),
        ({"cost": float("nan")}, "cost", None),
        ({"cost": {}}, "cost", None),
        (
            {"creationTime": None, "createdAt": "2026-01-02T03:04:05Z"},
            "created_at",
            at("2026-01-02T03:04:05Z"),
        ),
        (
            {"lastModifiedTime": None, "lastUpdatedAt": "2026-01-02T03:04:05Z"},
            "modified_at",
            at("2026-01-02T03:04:05Z"),
        ),
    ],
)
def test_unusual_members(body: dict[str, Any], field: str, expected: Any) -> None:
    assert getattr(read(changed("batch-messages-1", **body)), field) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [({"rejected": [{"to": ["1"]}, {}]}, 2), ({"rejected": 4}, 4), ({"rejected": "?"}, None), ({}, None)],
)
def test_rejected_recipients(body: dict[str, Any], expected: int | None) -> None:
    assert read(changed("message-batch", **body)).rejected == expected


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            "2026-11-03T16:12:00.123Z",
            "2026-11-03T16:12:00.123000Z",
            "2026-11-03T16:12:00.123+0000",
            "2026-11-03T16:12:00.123+00:00",
            "2026-11-03T11:12:00.123-05:00",
            "2026-11-03T16:12:00.123",
        ],
    )
    def test_spellings(self, written: str) -> None:
        notification = value("message-batch") | {"timestamp": written}
        assert read(json.dumps(notification)).timestamp == NOW
        assert read(json.dumps(notification)).timestamp.tzinfo is UTC

    @pytest.mark.parametrize(
        "impossible",
        [
            "20211-11-14T20:19:56.505461Z",
            "2021-02-30T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "1970-01-01T00:00:00Z",
            "9999-12-31T23:59:59-14:00",
            "",
            "yesterday",
            1636921196,
            None,
            True,
            [],
        ],
    )
    def test_a_time_that_does_not_exist(self, impossible: Any) -> None:
        notification = value("message-batch") | {"timestamp": impossible}
        event = read(json.dumps(notification))
        assert event.family is Family.BATCH
        assert event.timestamp == at("2021-05-26T04:15:54.011183Z"), "the body's own time is next best"

        notification["body"] |= {"lastModifiedTime": impossible}
        event = read(json.dumps(notification))
        assert event.timestamp == at("2021-05-26T04:15:50.612950Z")
        assert event.modified_at is None

        notification["body"] |= {"creationTime": impossible}
        event = read(json.dumps(notification))
        assert event.timestamp == NOW, "the time of arrival is the last resort"
        assert event.family is Family.BATCH
        assert event.state == "Completed"


class TestFamily:
    @pytest.mark.parametrize(
        ("path", "body", "family"),
        [
            ("/restapi/v1.0/account/1/a2p-sms/messages", {"direction": "Outbound"}, Family.OUTBOUND),
            (
                "/restapi/v1.0/account/1/a2p-sms/messages?direction=Inbound",
                {"direction": None},
                Family.INBOUND,
            ),
            (
                "/restapi/v1.0/account/1/a2p-sms/messages?direction=Outbound",
                {"direction": None},
                Family.OUTBOUND,
            ),
            # The body knows better than the filter.
            ("/restapi/v1.0/account/1/a2p-sms/messages?direction=Outbound", {}, Family.INBOUND),
            ("/restapi/v1.0/account/1/a2p-sms/messages/7119", {"id": None}, Family.INBOUND),
            ("/restapi/v1.0/account/~/a2p-sms/messages", {"direction": None}, Family.UNKNOWN),
            ("/restapi/v1.0/account/~/a2p-sms/messages", {"direction": "Sideways"}, Family.UNKNOWN),
            (
                "/restapi/v1.0/account/~/a2p-sms/messages?direction=Sideways",
                {"direction": None},
                Family.UNKNOWN,
            ),
            ("/restapi/v1.0/account/1/a2p-sms/replies", {}, Family.UNKNOWN),
            ("/restapi/v1.0/account/1/extension/1/message-store", {}, Family.UNKNOWN),
            ("a2p-sms", {}, Family.UNKNOWN),
        ],
    )
    def test_by_path_and_direction(self, path: str, body: dict[str, Any], family: Family) -> None:
        notification = json.loads(changed("batch-messages-1", **body)) | {"event": path}
        event = read(json.dumps(notification))
        assert event.family is family
        assert event.event == path

    def test_the_id_of_a_single_batch_can_come_from_the_path(self) -> None:
        notification = value("specific-message-batch")
        del notification["body"]["id"]
        assert read(json.dumps(notification)).ref == "5642276556"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("null", "not a notification"),
        ("[]", "not a notification"),
        ('"text"', "not a notification"),
        ("{}", "what kind of event"),
        ('{"event": 5}', "what kind of event"),
        (notification("websocket-notification"), "this kind of event"),
        (json.dumps(value("message-batch") | {"body": None}), "no content"),
        (json.dumps(value("message-batch") | {"body": []}), "no content"),
        (changed("message-batch", id=None), "which batch"),
        (changed("batch-messages-1", id=None), "which text"),
        (changed("batch-messages-1", direction=""), "received or sent"),
        (changed("opt-in", to=None), "two numbers"),
        (changed("opt-in", active="yes"), "opted out or back in"),
        (changed("opt-in", active=1), "opted out or back in"),
        ('{"event":' * 1000 + "1" + "}" * 1000, "nested too deeply"),
        ("[" * 100_000 + "]" * 100_000, "nested too deeply"),
    ],
)
def test_what_cannot_be_understood_says_why(raw: str, why: str) -> None:
    event = read(raw)
    assert event.family is Family.UNKNOWN
    assert why in event.text
    assert event.text.endswith(".")
    assert event.raw == raw
    assert event.uuid
    assert event.timestamp.tzinfo is UTC


def test_a_value_that_holds_itself() -> None:
    ring: dict[str, Any] = {"event": "x"}
    ring["body"] = ring
    assert "nested too deeply" in read(ring).text


@pytest.mark.parametrize(
    "member",
    [
        '"extra": NaN',
        '"extra": -Infinity',
        '"extra": 1e999',
        '"extra": ' + "9" * 5000,
        '"extra": "\\ud800"',
        '"extra": "\\u0000"',
        '"extra": "a\tb"',
        '"extra": ' + "[" * 150 + "]" * 150,
    ],
)
def test_odd_json_does_not_cost_the_event(member: str) -> None:
    raw = text("message-batch").replace('"batchSize": 1', f'"batchSize": 1, {member}')
    event = read(raw)
    assert (event.family, event.size, event.state) == (Family.BATCH, 1, "Completed")


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read("\ufeff" + text("opt-in")).family is Family.OPTOUT


class TestUuid:
    def test_derived_from_the_content(self) -> None:
        without = value("message-batch")
        del without["uuid"]
        reordered = dict(reversed(without.items()))
        assert read(json.dumps(without)).uuid == read(json.dumps(reordered, indent=3)).uuid
        other = json.loads(changed("message-batch", status="Processing"))
        del other["uuid"]
        assert read(json.dumps(other)).uuid != read(json.dumps(without)).uuid

    def test_a_number_is_as_good(self) -> None:
        assert (
            read(json.dumps(value("message-batch") | {"uuid": 845056649859290279})).uuid
            == "845056649859290279"
        )

    def test_garbage_has_one_too(self) -> None:
        assert read("garbage").uuid == read("garbage").uuid != read("rubbish").uuid


class TestRest:
    MESSAGE = {  # noqa: RUF012
        "id": 7086,
        "batchId": "b1",
        "from": "+13102375087",
        "to": ["+14842910071"],
        "direction": "Outbound",
        "messageStatus": "DeliveryFailed",
        "errorCode": "SMS-CAR-413",
        "creationTime": "2021-05-26T04:16:05.442760Z",
        "lastModifiedTime": "2021-05-26T04:16:08.107007Z",
    }

    def test_message(self) -> None:
        event = message_from_rest(self.MESSAGE, received_at=NOW)
        assert (event.family, event.source, event.ref) == (Family.OUTBOUND, Source.READ_BACK, "7086")
        assert (event.batch_id, event.error_code) == ("b1", "SMS-CAR-413")
        assert event.timestamp == at("2021-05-26T04:16:08.107007Z")
        assert json.loads(event.raw)["body"] == self.MESSAGE

    def test_batch(self) -> None:
        event = batch_from_rest(value("message-batch")["body"], received_at=NOW)
        assert (event.family, event.source, event.state) == (Family.BATCH, Source.READ_BACK, "Completed")

    def test_reading_twice_gives_one_uuid_for_each_state(self) -> None:
        first = message_from_rest(self.MESSAGE, received_at=NOW)
        again = message_from_rest(self.MESSAGE | {"cost": 0.007}, received_at=NOW)
        sent = message_from_rest(self.MESSAGE | {"messageStatus": "Sent"}, received_at=NOW)
        assert first.uuid == again.uuid != sent.uuid

    def test_a_strange_record_is_kept(self) -> None:
        assert message_from_rest({"id": 1}, received_at=NOW).family is Family.UNKNOWN
        assert batch_from_rest({}, received_at=NOW).family is Family.UNKNOWN


@given(ENVELOPES | JSON, st.sampled_from(Source))
def test_any_json_is_an_event(anything: Any, source: Source) -> None:
    event = read_notification(json.dumps(anything), received_at=NOW, source=source)
    assert event.uuid
    assert event.source is source
    assert 2000 <= event.timestamp.year < 2100
    for name in Event._fields:
        field = getattr(event, name)
        if isinstance(field, str):
            assert field.encode("utf-8").decode("utf-8") == field
            assert "\0" not in field
        elif isinstance(field, int):
            assert -(2**63) <= field < 2**63


@given(TEXT)
def test_any_text_is_an_event(anything: str) -> None:
    event = read(anything)
    event.raw.encode("utf-8")
    assert "\0" not in event.raw


@given(ENVELOPES)
def test_any_value_is_an_event(anything: dict[str, Any]) -> None:
    event = read(anything)
    assert json.loads(event.raw) is not None
