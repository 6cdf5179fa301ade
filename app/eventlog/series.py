"""Appends that are begun before the one before them has ended."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from app.domain.events import Appended, Event, ResumePoint
from app.domain.problems import LogUnavailable
from app.eventlog.writer import LogWriter

Begin = Callable[[Callable[[], Appended]], asyncio.Future[Appended]]
"""Has work done in the writer's thread, after everything begun before."""


class Series:
    """Appends each of which presupposes the one before: after one that failed, those begun already fail
    as well, so that no resume point is stored without the events before it.

    Two at a time keep the writer's thread from waiting for the loop. Made by ``EventLog.series``.
    """

    def __init__(self, writer: LogWriter, begin: Begin) -> None:
        self._writer = writer
        self._begin = begin
        self._under_way = 0
        self._broken = False  # Set in the writer's thread; mended in the loop's when nothing is under way.

    def append(
        self,
        events: Sequence[Event],
        *,
        resume: ResumePoint | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> asyncio.Future[Appended]:
        """Begin an append, durable, as ``EventLog.append`` does it. To be called in the loop's thread.

        ``notes`` are values to keep under their names (as ``EventLog.set_meta``) in the same transaction.

        The future must not be cancelled. It raises LogUnavailable if nothing was written, be it because
        of the append before; once all have ended the series can go on.
        """
        kept, noted = tuple(events), dict(notes or {})
        self._under_way += 1
        future = self._begin(lambda: self._append(kept, resume, noted))
        future.add_done_callback(self._ended)
        return future

    def _append(
        self, events: tuple[Event, ...], resume: ResumePoint | None, notes: dict[str, str]
    ) -> Appended:
        if self._broken:
            raise LogUnavailable("The log could not take what came before.")
        try:
            return self._writer.append(events, resume, durable=True, news=True, notes=notes)
        except BaseException:
            self._broken = True
            raise

    def _ended(self, _: asyncio.Future[Appended]) -> None:
        self._under_way -= 1
        if not self._under_way:
            self._broken = False
