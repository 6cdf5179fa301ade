"""The list of what is still to be read back, and the writing of what was read: always together."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.domain.clock import Clock
from app.domain.events import Appended, Event
from app.eventlog import EventLog
from app.sync.to_read import NAME, Listing, Span, ToRead, from_json

AT_ONCE = 0.004
"""Seconds of work between two moments in which others may go on: nobody sees so short a standstill."""

GROUP = 1000
"""Events in one transaction: a page of the lists. What comes live meanwhile waits a tenth of a second for it,
and windows are told half as often as with groups of the usual size."""

FromRest = Callable[..., Event]


class Reading:
    """Writes what was read to the log, and there notes what is left to read.

    What is noted as read was stored before, or is in the same transaction: whenever the program ends,
    nothing is skipped by the next run, and at most one slice is read twice. Several processes may share
    the list.
    """

    def __init__(
        self,
        event_log: EventLog,
        clock: Clock,
        *,
        stored: Callable[[Appended], None],
        followed: Callable[[], frozenset[str]],
    ) -> None:
        """``stored`` is called after every transaction; ``followed`` tells the own numbers (E.164) whose
        events are wanted."""
        self.log = event_log
        self.clock = clock
        self._stored = stored
        self.followed = followed
        self._left = ToRead()

    @property
    def left(self) -> ToRead:
        """What is still to be read, as of the last call of a method here."""
        return self._left

    async def ask_for(self, span: Span, notes: Mapping[str, str] | None = None) -> None:
        """Note that this span is to be read, and ``notes`` with it. Raises LogUnavailable."""
        await self._change(lambda left: left.asked_for(span), notes)

    async def ask_for_consents(self, span: Span, notes: Mapping[str, str]) -> None:
        """The same of consents alone. Raises LogUnavailable."""
        await self._change(lambda left: left.plus(span, [Listing.CONSENTS]), notes)

    async def note(self, change: Callable[[ToRead], ToRead]) -> None:
        """Note that something was read, or is to be read differently. Raises LogUnavailable."""
        await self._change(change)

    async def _change(
        self, change: Callable[[ToRead], ToRead], notes: Mapping[str, str] | None = None
    ) -> None:
        # What is there is changed, not what this process knows of: another may be reading as well.
        def changed(text: str | None) -> str | None:
            after = change(_kept(text))
            return after.to_json() if after else None

        self._left = from_json(await self.log.alter(NAME, changed, notes))

    async def take(self, build: FromRest, records: Sequence[Mapping[str, Any]]) -> None:
        """Store the events that these records amount to, if they are of followed numbers.

        Raises LogUnavailable.
        """
        await self.store(await self.events(build, records))

    async def events(self, build: FromRest, records: Sequence[Mapping[str, Any]]) -> list[Event]:
        """The events that these records amount to, made while others may go on."""
        events: list[Event] = []
        rest = self.clock.monotonic() + AT_ONCE
        for record in records:
            events.append(build(record, received_at=self.clock.now()))
            if self.clock.monotonic() >= rest:
                await asyncio.sleep(0)
                rest = self.clock.monotonic() + AT_ONCE
        return events

    async def store(self, events: Iterable[Event]) -> None:
        """Store these events, if they are of followed numbers. Raises LogUnavailable."""
        followed = self.followed()
        wanted = [event for event in events if event.number in followed]
        for start in range(0, len(wanted), GROUP):
            appended = await self.log.append(wanted[start : start + GROUP])
            self._stored(appended)
            await asyncio.sleep(0)


def _kept(text: str | None) -> ToRead:
    try:
        return from_json(text)
    except ValueError:
        return ToRead()
