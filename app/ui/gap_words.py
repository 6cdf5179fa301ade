"""A time in which nobody was watching, as a row and as a sentence."""

from datetime import datetime, tzinfo

from app.domain.gaps import Gap, GapReason
from app.ui.event_words import Row
from app.ui.words import clock, counted, moment

_REASONS = {
    GapReason.CLOSED: "Textbell was not running",
    GapReason.ASLEEP: "This computer slept",
    GapReason.OFFLINE: "No connection",
    GapReason.SIGNED_OUT: "Signed out",
    GapReason.STOPPED: "Not watching",
}
_ICONS = {
    GapReason.CLOSED: "power",
    GapReason.ASLEEP: "moon",
    GapReason.OFFLINE: "offline",
    GapReason.SIGNED_OUT: "sign-out",
    GapReason.STOPPED: "pause",
}


def row(gap: Gap, now: datetime, zone: tzinfo | None = None) -> Row:
    """Word a gap for the table, what came of it first."""
    what = f"{_capital(added(gap))}, {_within(span(gap, now, zone))}"
    return Row(_ICONS[gap.reason], "muted", _REASONS[gap.reason], "", what)


def sentence(gap: Gap, now: datetime, zone: tzinfo | None = None) -> str:
    """``Today 12:03 pm to 1:40 pm: this computer slept. 14 events were received late.``"""
    reason = _REASONS[gap.reason]
    if gap.reason is not GapReason.CLOSED:
        reason = f"{reason[:1].lower()}{reason[1:]}"
    return f"{span(gap, now, zone)}: {reason}. {_capital(added(gap))}."


def span(gap: Gap, now: datetime, zone: tzinfo | None = None) -> str:
    """From when until when: ``Today 12:03 pm to 1:40 pm``, ``Yesterday 6:10 pm to today 8:02 am``."""
    began = moment(gap.began, now, zone)
    if gap.ended is None:
        return f"Since {_within(began)}"
    if gap.began.astimezone(zone).date() == gap.ended.astimezone(zone).date():
        return f"{began} to {clock(gap.ended, zone)}"
    return f"{began} to {_within(moment(gap.ended, now, zone))}"


def added(gap: Gap) -> str:
    """What came of it: ``14 events were received late``."""
    if gap.late:
        what = f"{counted(gap.late, 'event')} {'was' if gap.late == 1 else 'were'} received late"
        return what if gap.closed else f"{what} so far"
    return "nothing was missed" if gap.closed else "what was missed is still to be added"


def _capital(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}"


def _within(when: str) -> str:
    """A time in the middle of a sentence: names of days keep their capital."""
    small = when.startswith(("Today", "Yesterday", "Since"))
    return f"{when[:1].lower()}{when[1:]}" if small else when
