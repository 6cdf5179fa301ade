"""How things stand, as ``textbellctl status`` tells it: whether anybody watches, and what is missing."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from app.domain.clock import isoformat
from app.domain.gaps import Gap, GapReason
from app.domain.status import Reach

_REASONS = {
    GapReason.CLOSED: "Textbell was not running",
    GapReason.ASLEEP: "this computer slept",
    GapReason.OFFLINE: "no connection",
    GapReason.SIGNED_OUT: "signed out",
    GapReason.STOPPED: "not watching",
}


def standing(reach: str, running: Mapping[str, Any], zone: tzinfo | None = None) -> str:
    """One sentence on what the running program does, from what it says of itself."""
    offline = _moment(running.get("offline_since"))
    since = offline or _moment(running.get("since"))
    waiting = _moment(running.get("waiting_until"))
    match reach:
        case Reach.LIVE:
            said = f"Watching{_missing(running.get('catching_up'), zone)}"
        case Reach.CONNECTING | Reach.RECONNECTING:
            said = "Connecting" if reach == Reach.CONNECTING else "Reconnecting"
            said += f". No connection since {_said(offline, zone)}" if offline else ""
        case Reach.STOPPED:
            said = f"Not watching since {_said(since, zone)}" if since else "Not watching"
        case _:
            said = _OTHERS.get(reach, reach)
    if waiting is not None:
        said += f". RingCentral lets Textbell try again at {_said(waiting, zone)}"
    return f"{said}."


_OTHERS = {
    "not_running": "Textbell is not running",
    Reach.SIGNED_OUT: "Sign-in needed",
    Reach.SIGNING_IN: "Waiting for the sign-in",
    Reach.NO_NUMBERS: "No numbers chosen",
}


def last_gap(gap: Gap, zone: tzinfo | None = None) -> str:
    """``Mon 23 Nov, 12:03 pm to 1:40 pm: this computer slept. 14 events were received late.``"""
    if gap.ended is None:
        when = f"Since {_said(gap.began, zone)}"
    elif gap.began.astimezone(zone).date() == gap.ended.astimezone(zone).date():
        when = f"{_said(gap.began, zone)} to {_clock(gap.ended, zone)}"
    else:
        when = f"{_said(gap.began, zone)} to {_said(gap.ended, zone)}"
    late = f"{gap.late:,} {'event was' if gap.late == 1 else 'events were'} received late"
    if not gap.closed:
        late = f"{late} so far" if gap.late else "What was missed is still to be added"
    elif not gap.late:
        late = "Nothing was missed"
    return f"{when}: {_REASONS[gap.reason]}. {late}."


def gap_as_json(gap: Gap) -> dict[str, Any]:
    """The same for programs."""
    return {
        "began": isoformat(gap.began),
        "ended": isoformat(gap.ended) if gap.ended else None,
        "reason": gap.reason.value,
        "late": gap.late,
        "closed": gap.closed,
    }


def last_event(at: datetime, zone: tzinfo | None = None) -> str:
    """When something last happened."""
    return _said(at, zone)


def _missing(catching_up: Any, zone: tzinfo | None) -> str:
    if not isinstance(catching_up, Mapping):
        return ""
    since, left = _moment(catching_up.get("since")), catching_up.get("left")
    said = ", and adding what was missed"
    if since is not None:
        said += f" since {_said(since, zone)}"
    if isinstance(left, int):
        said += f" ({left:,} left)"
    if (waiting := _moment(catching_up.get("waiting_until"))) is not None:
        said += f". RingCentral lets Textbell read on at {_clock(waiting, zone)}"
    return said


def _moment(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (TypeError, ValueError):
        return None


def _said(moment: datetime, zone: tzinfo | None) -> str:
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b}, {_clock(moment, zone)}"


def _clock(moment: datetime, zone: tzinfo | None) -> str:
    local = moment.astimezone(zone)
    return f"{local.hour % 12 or 12}:{local:%M} {'am' if local.hour < 12 else 'pm'}"
