"""What a notification is, and what must be able to show one."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class NoticeKind(StrEnum):
    """What a notification is about."""

    BATCH = "batch"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    SIGN_IN = "sign_in"
    TROUBLE = "trouble"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notification, worded. Plain text: whoever shows it escapes what its daemon needs escaped."""

    tag: str
    """A notification with the same tag replaces the one on the screen."""
    kind: NoticeKind
    title: str
    body: str
    entry_ids: tuple[int, ...] = ()
    """The events of the log it speaks of, newest first; ``Open`` leads to the first."""
    sound: bool = False
    quiet: bool = False
    """An update of what was announced already: replace it in place where that can be done without
    drawing attention again."""


class Notifier(Protocol):
    """Shows notifications by whatever means the desktop has."""

    async def show(self, notice: Notice) -> bool:
        """Show it, replacing the one with the same tag. Returns whether anybody can see it.

        Never raises and never takes longer than a few seconds.
        """

    async def withdraw(self, tag: str) -> None:
        """Take the notification away if it is still on the screen."""
