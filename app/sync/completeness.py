"""Everything that keeps the log complete, as the engine uses it: the proof, the record, the reading back."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from app.domain.clock import Clock
from app.domain.events import Appended
from app.eventlog import EventLog
from app.sync.catch_up import CatchUp, Hooks
from app.sync.intake import Intake
from app.sync.outbox import Outbox
from app.sync.proof import Proof
from app.sync.read_back import ReadBack
from app.sync.reading import Reading
from app.sync.session import Session
from app.sync.status_board import StatusBoard
from app.sync.watch_record import WatchRecord


class Completeness:
    """Knows what is missing, reads it back, and keeps the record of it."""

    def __init__(
        self,
        event_log: EventLog,
        board: StatusBoard,
        clock: Clock,
        session: Session,
        intake: Intake,
        outbox: Outbox | None,
        *,
        folder: Path | None,
        followed: Callable[[], frozenset[str]],
        stored: Callable[[Appended], None],
        slept: Callable[[], None],
    ) -> None:
        """``folder`` belongs to all processes that share the log. ``followed`` tells the own numbers (E.164)
        whose events are wanted. ``stored`` is called after each write, ``slept`` when the computer turns out
        to have slept."""
        time = session.time
        proof = Proof(clock, time, lambda: intake.oldest)
        self._catch_up = CatchUp(
            Reading(event_log, clock, stored=stored, followed=followed),
            proof,
            clock,
            time,
            board,
            lambda reading, progress: ReadBack(session.service.api, reading, progress),
            Hooks(
                connected=outbox.connected if outbox else _nothing,
                lost=outbox.lost if outbox else _nothing,
                gave_up=outbox.gave_up if outbox else _nothing,
                done=outbox.sum_up if outbox else _nothing,
                recorded=lambda: self._record.up_to_date(),
            ),
        )
        self._record = WatchRecord(
            event_log,
            board,
            clock,
            time,
            proof,
            folder=folder,
            slept=slept,
            survived=self._catch_up.connected,
        )
        intake.along = self._record.notes
        self.connected = self._catch_up.connected
        self.lost = self._catch_up.lost
        self.caught_up = self._catch_up.caught_up
        self.end = self._record.end

    async def run(self) -> None:
        """Keep the log complete, until cancelled; then call ``end``."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._record.run(), name="watch record")
            tasks.create_task(self._catch_up.run(), name="catch up")


def _nothing() -> None:
    """Nobody is announced to."""
