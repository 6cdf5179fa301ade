"""Records of the consent history as events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.events import OPTED_IN, OPTED_OUT, Family, Source
from app.ringcentral.bodies import consent_from_rest, event_from_line, event_to_line

NOW = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "from": "+16505550100",
    "to": "+12125550100",
    "optStatus": "OptOut",
    "coverage": "PhoneNumber",
    "source": "Recipient",
    "createdAt": "2026-11-03T16:12:00.123Z",
}


@pytest.mark.parametrize(("status", "state"), [("OptOut", OPTED_OUT), ("OptIn", OPTED_IN)])
def test_a_record_is_an_opt_out_or_an_opt_in(status: str, state: str) -> None:
    event = consent_from_rest(RECORD | {"optStatus": status}, received_at=NOW)
    assert (event.family, event.state, event.source) == (Family.OPTOUT, state, Source.READ_BACK)
    assert (event.number, event.customer) == ("+16505550100", "+12125550100")
    assert event.timestamp == datetime(2026, 11, 3, 16, 12, 0, 123000, tzinfo=UTC)


def test_read_twice_it_is_one_event_and_another_time_is_another() -> None:
    first = consent_from_rest(RECORD, received_at=NOW)
    again = consent_from_rest(RECORD | {"notes": "by telephone"}, received_at=NOW)
    later = consent_from_rest(RECORD | {"createdAt": "2026-11-03T17:00:00Z"}, received_at=NOW)
    assert first.uuid == again.uuid
    assert first.uuid != later.uuid


@pytest.mark.parametrize("broken", [{"from": None}, {"to": ""}, {"optStatus": "Maybe"}, {"optStatus": None}])
def test_what_is_no_record_is_kept_as_unknown(broken: dict[str, Any]) -> None:
    event = consent_from_rest(RECORD | broken, received_at=NOW)
    assert event.family is Family.UNKNOWN
    assert event.text


def test_it_survives_export_and_import() -> None:
    event = consent_from_rest(RECORD, received_at=NOW)
    again = event_from_line(event_to_line(event), received_at=NOW)
    assert again._replace(raw="") == event._replace(raw="")
