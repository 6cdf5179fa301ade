"""How the program stands, in words and shapes: one table for the tray, the tooltip and the window."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.domain.problems import Remedy
from app.domain.status import Reach, Status
from app.ui.words import counted, until

APP_NAME = "Textbell"
GRACE = timedelta(seconds=30)
"""A lost connection changes the icon only after this: most are back sooner. The words tell at once."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The status, ready to show."""

    headline: str
    """``Watching 3 numbers``: the first line of the menu and of the window."""
    detail: str
    """One sentence more, or ``""``: what is wrong and what to do."""
    button: str
    """The one thing to press, or ``""``."""
    remedy: Remedy
    tray: str
    """The name of the tray icon."""
    icon: str
    """The name of the icon in the window."""
    tone: str
    """``good``, ``waiting``, ``bad`` or ``muted``."""


_BUTTONS = {
    Remedy.NONE: "",
    Remedy.SIGN_IN: "Sign in",
    Remedy.TRY_AGAIN: "Try again",
    Remedy.OPEN_SETTINGS: "Open settings",
    Remedy.CHOOSE_NUMBERS: "Choose numbers",
    Remedy.WAIT: "",
}


def standing(status: Status, now: datetime, zone: tzinfo | None = None, *, news: bool = False) -> Standing:
    """Put a status into words. ``news``: something arrived that was not looked at yet."""
    headline, remedy, tray, icon, tone = _plain(status, now, zone)
    detail = ""
    problem = status.problem
    if problem is not None and status.reach is not Reach.SIGNING_IN:
        detail = problem.message
        remedy = problem.remedy if problem.remedy is not Remedy.NONE else remedy
        if problem.until is not None and problem.until > now:
            detail = f"{detail} Next try at {until(problem.until, now, zone)}."
    elif status.waiting_until is not None and status.waiting_until > now:
        detail = f"RingCentral lets us in again at {until(status.waiting_until, now, zone)}. Nothing is lost."
        if status.reach in (Reach.LIVE, Reach.CONNECTING):
            icon, tone = "warning", "waiting"
    if status.reach is Reach.RECONNECTING and now - status.since < GRACE:
        tray = "tray-live"
    elif status.reach is Reach.LIVE and paused(status, now):
        tray = "tray-paused"
    elif status.reach is Reach.LIVE and news:
        tray = "tray-new"
    return Standing(headline, detail, _BUTTONS[remedy], remedy, tray, icon, tone)


def _plain(status: Status, now: datetime, zone: tzinfo | None) -> tuple[str, Remedy, str, str, str]:
    match status.reach:
        case Reach.SIGNED_OUT:
            return "Sign-in needed", Remedy.SIGN_IN, "tray-signed-out", "sign-in", "waiting"
        case Reach.SIGNING_IN:
            return "Waiting for the sign-in", Remedy.NONE, "tray-connecting", "sign-in", "waiting"
        case Reach.NO_NUMBERS:
            return "No numbers chosen", Remedy.CHOOSE_NUMBERS, "tray-attention", "numbers", "waiting"
        case Reach.CONNECTING:
            return "Connecting", Remedy.NONE, "tray-connecting", "refresh", "muted"
        case Reach.LIVE:
            watched = f"Watching {counted(len(status.numbers), 'number')}"
            return watched, Remedy.NONE, "tray-live", "check", "good"
        case Reach.RECONNECTING:
            lost = f"Reconnecting since {until(status.offline_since or status.since, now, zone)}"
            return lost, Remedy.TRY_AGAIN, "tray-connecting", "refresh", "waiting"
        case Reach.STOPPED:
            stopped = f"Not watching since {until(status.since, now, zone)}"
            return stopped, Remedy.TRY_AGAIN, "tray-attention", "warning", "bad"


def paused(status: Status, now: datetime) -> bool:
    """Whether notifications are held back now."""
    return status.paused_until is not None and status.paused_until > now


def catching_up(status: Status, now: datetime, zone: tzinfo | None = None) -> str:
    """``Catching up since 9:41 am: 1,204 left``; ``""`` when nothing is being read back."""
    reading = status.catching_up
    if reading is None:
        return ""
    said = f"Catching up since {until(reading.since, now, zone)}"
    if reading.waiting_until is not None and reading.waiting_until > now:
        return f"{said}: goes on at {until(reading.waiting_until, now, zone)}"
    return f"{said}: {reading.left:,} left" if reading.left else said


def menu_line(status: Status, now: datetime, zone: tzinfo | None = None) -> str:
    """The first line of the tray menu, and the tooltip after the program's name."""
    if status.reach is Reach.LIVE and status.paused_until is not None and paused(status, now):
        return f"Paused until {until(status.paused_until, now, zone)}"
    if status.reach is Reach.LIVE and (reading := catching_up(status, now, zone)):
        return reading
    return standing(status, now, zone).headline


def tooltip(status: Status, now: datetime, zone: tzinfo | None = None) -> str:
    """One line: ``Textbell: watching 3 numbers``."""
    line = menu_line(status, now, zone)
    return f"{APP_NAME}: {line[:1].lower()}{line[1:]}"
