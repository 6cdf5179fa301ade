"""How things stand, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.console.standing import gap_as_json, last_gap, standing
from app.domain.gaps import Gap, GapReason

NOON = datetime(2026, 11, 23, 12, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reach", "running", "said"),
    [
        ("not_running", {}, "Textbell is not running."),
        ("signed_out", {}, "Sign-in needed."),
        ("no_numbers", {}, "No numbers chosen."),
        ("live", {}, "Watching."),
        (
            "live",
            {"catching_up": {"since": "2026-11-21T18:02:00.000Z", "left": 48_210, "waiting_until": None}},
            "Watching, and adding what was missed since Sat 21 Nov, 6:02 pm (48,210 left).",
        ),
        (
            "live",
            {
                "catching_up": {
                    "since": "2026-11-23T00:07:00.000Z",
                    "left": None,
                    "waiting_until": "2026-11-23T12:04:00.000Z",
                }
            },
            "Watching, and adding what was missed since Mon 23 Nov, 12:07 am. "
            "RingCentral lets Textbell read on at 12:04 pm.",
        ),
        (
            "reconnecting",
            {"offline_since": "2026-11-23T09:41:00.000Z", "since": "2026-11-23T09:41:20.000Z"},
            "Reconnecting. No connection since Mon 23 Nov, 9:41 am.",
        ),
        (
            "connecting",
            {"waiting_until": "2026-11-23T09:45:00.000Z"},
            "Connecting. RingCentral lets Textbell try again at Mon 23 Nov, 9:45 am.",
        ),
        ("stopped", {"since": "2026-11-23T09:41:20.000Z"}, "Not watching since Mon 23 Nov, 9:41 am."),
        ("live", {"catching_up": "nonsense", "waiting_until": 7}, "Watching."),
    ],
)
def test_standing(reach: str, running: dict[str, Any], said: str) -> None:
    assert standing(reach, running, UTC) == said


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        (
            Gap(1, NOON, NOON + timedelta(minutes=97), GapReason.ASLEEP, 14, closed=True),
            "Mon 23 Nov, 12:03 pm to 1:40 pm: this computer slept. 14 events were received late.",
        ),
        (
            Gap(1, NOON, NOON + timedelta(hours=20), GapReason.CLOSED, 0, closed=True),
            "Mon 23 Nov, 12:03 pm to Tue 24 Nov, 8:03 am: Textbell was not running. Nothing was missed.",
        ),
        (
            Gap(1, NOON, None, GapReason.OFFLINE, 0, closed=False),
            "Since Mon 23 Nov, 12:03 pm: no connection. What was missed is still to be added.",
        ),
        (
            Gap(1, NOON, NOON + timedelta(minutes=2), GapReason.SIGNED_OUT, 1, closed=False),
            "Mon 23 Nov, 12:03 pm to 12:05 pm: signed out. 1 event was received late so far.",
        ),
    ],
)
def test_the_last_gap(gap: Gap, said: str) -> None:
    assert last_gap(gap, UTC) == said


def test_a_gap_for_programs() -> None:
    gap = Gap(1, NOON, None, GapReason.STOPPED, 3, closed=False)
    assert gap_as_json(gap) == {
        "began": "2026-11-23T12:03:00.000Z",
        "ended": None,
        "reason": "stopped",
        "late": 3,
        "closed": False,
    }
