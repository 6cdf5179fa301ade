"""The log as the rest of the program uses it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from app.domain.events import Appended, Entry, Event, ResumePoint
from app.domain.gaps import Gap, GapReason
from app.eventlog.backup import Copy, Restoring, take_over
from app.eventlog.failures import LogDamaged, translated
from app.eventlog.reader import LogReader
from app.eventlog.retention import Retention
from app.eventlog.series import Series
from app.eventlog.storage import Opened, open_log, suspect
from app.eventlog.writer import LogWriter

T = TypeVar("T")


class EventLog:
    """The encrypted log of everything that was received.

    Made by ``open``; an asynchronous context manager that closes it. Writing is done in a thread of its
    own, one call after the other, each a transaction: when the call returns, what it wrote survives a
    crash of the computer. A call that is cancelled after it began is still carried out. Several
    processes may have the log open.

    Every method raises LogUnavailable, with a sentence for the user, if the file cannot be used; then
    nothing of that call was written.
    """

    def __init__(self, opened: Opened, path: Path, key: str, thread: ThreadPoolExecutor) -> None:
        self._connection = opened.writer
        self._writer = LogWriter(opened.writer)
        self._path = path
        self._key = key
        self._thread = thread
        self._in_bulk = 0
        self._closed = False
        self.set_aside: Path | None = opened.set_aside
        """Where a damaged log was put when this one was begun in its place."""
        self.reader = LogReader(opened.reader, path)

    @classmethod
    async def open(cls, path: Path, key: str) -> Self:
        """Open the log at ``path``, making it if there is none.

        ``key``: 64 hexadecimal digits (a key of 32 bytes, used as it is: the fast way), or any
        passphrase. A damaged log of this key's is set aside and a new one begun; see ``set_aside``.

        Raises:
            LogUnavailable: another program's file, another key, a newer version of Textbell, a folder
                without permission to write, a full disk. The file is left as it was.
        """
        thread = ThreadPoolExecutor(1, "log-writer")
        opening = thread.submit(_open, path, key)
        try:
            opened = await asyncio.wrap_future(opening)
        except BaseException:
            # Cancelled, perhaps, while the thread goes on: what it opens then is closed.
            opening.add_done_callback(_close_unused)
            thread.shutdown(wait=False)
            raise
        return cls(opened, path, key, thread)

    @property
    def path(self) -> Path:
        """The log's file."""
        return self._path

    async def append(
        self,
        events: Sequence[Event],
        *,
        resume: ResumePoint | None = None,
        durable: bool = True,
        news: bool = True,
        notes: Mapping[str, str] | None = None,
    ) -> Appended:
        """Store what is new of these events, in one transaction, together with ``resume`` and ``notes``.

        Events that are known (see ``identity``) are skipped. The summaries of batches and the consent of
        customers follow in the same transaction, and so do the marks *due* (opt-outs and opt-ins, the
        first ``Completed`` of a batch, from any source) and *unread* (the same, and inbound texts).

        ``notes``: values for ``meta``, kept if and only if the events are.
        ``durable=False``: may be lost if the computer (not only this program) crashes; faster.
        ``news=False``: nobody needs to be told, and nothing becomes unread: an import.
        """
        durable = durable and not self._in_bulk
        batch = tuple(events)
        return await self._run(
            lambda: self._writer.append(batch, resume, durable=durable, news=news, notes=notes)
        )

    def series(self) -> Series:
        """Appends that may be begun before the one before has ended."""
        return Series(self._writer, self._begin)

    def retention(self) -> Retention:
        """What lets go of old events."""
        return Retention(self._writer, self._run)

    async def copy_some(self, copy: Copy) -> bool:
        """Copy a piece of the log, as it is now; whether there is more. What is stored meanwhile is in it."""
        return await self._run(lambda: copy.step(self._connection))

    async def end_copy(self, copy: Copy) -> None:
        """No more pieces of this copy, be it whole or not."""
        await self._run(copy.end)

    def restoring(self, backup: Path) -> Restoring:
        """What puts a backup in this log's place when the log is opened next."""
        return Restoring(self._path, self._key, backup)

    @asynccontextmanager
    async def bulk(self) -> AsyncIterator[None]:
        """While this is entered, every append is as with ``durable=False``; leaving it makes all durable."""
        self._in_bulk += 1
        try:
            yield
        finally:
            self._in_bulk -= 1
            await self._run(self._checkpoint)

    async def due(self, known: Container[int] = frozenset()) -> tuple[Entry, ...]:
        """Events that somebody may still have to be told of, oldest first, but for the ``known`` ones."""
        return await self._run(lambda: self._writer.due(known))

    async def mark_noticed(self, ids: Iterable[int]) -> None:
        """Somebody was told of these events, or need not be: they are no longer due."""
        wanted = tuple(ids)
        await self._run(lambda: self._writer.mark_noticed(wanted))

    async def mark_read(self, ids: Iterable[int] | None = None) -> int:
        """Somebody looked at these events (``None``: at all of them). How many were unread."""
        wanted = None if ids is None else tuple(ids)
        return await self._run(lambda: self._writer.mark_read(wanted))

    async def resume_point(self) -> ResumePoint | None:
        """The newest that was stored with an append, if any."""
        return await self._run(self._writer.resume_point)

    async def clear_resume_point(self) -> None:
        """There is nothing to resume any more: signed out, or the service said so."""
        await self._run(self._writer.clear_resume_point)

    async def meta(self, name: str) -> str | None:
        """A value of the caller's, kept in the log under a name. Names with a leading dot are the log's."""
        return await self._run(lambda: self._writer.meta(name))

    async def set_meta(self, name: str, value: str | None) -> None:
        """Keep a value under a name; ``None`` removes it."""
        await self._run(lambda: self._writer.set_meta({name: value}))

    async def keep(self, values: Mapping[str, str | None]) -> None:
        """Keep several such values in one transaction."""
        await self._run(lambda: self._writer.set_meta(values))

    async def learn_consents(self, events: Sequence[Event]) -> None:
        """Take in how consents stand, where nothing is known yet, without an event that tells of it."""
        await self._run(lambda: self._writer.learn_consents(events))

    async def looked_at(self, looked: Mapping[str, str]) -> None:
        """Note, by batch id, how the service described batches when all their messages were read."""
        await self._run(lambda: self._writer.looked_at(looked))

    async def alter(
        self,
        name: str,
        change: Callable[[str | None], str | None],
        notes: Mapping[str, str] | None = None,
    ) -> str | None:
        """Keep under a name what ``change`` makes of the value that is there; returns that.

        ``notes`` are kept in the same transaction, which no other process can disturb. ``change`` is called
        in the log's thread; what it raises comes out, and nothing is changed.
        """
        return await self._run(lambda: self._writer.alter_meta(name, change, notes or {}))

    async def unfinished_gaps(self) -> tuple[Gap, ...]:
        """The gaps that go on or have not been closed, oldest first."""
        return await self._run(self._writer.unfinished_gaps)

    async def open_gap(self, began: datetime, reason: GapReason) -> Gap:
        """Record that nothing comes as it happens, since ``began``."""
        return await self._run(lambda: self._writer.open_gap(began, reason))

    async def change_gap(
        self,
        gap_id: int,
        *,
        began: datetime | None = None,
        ended: datetime | None = None,
        reason: GapReason | None = None,
    ) -> None:
        """Correct a gap; what is not given stays. It never ends before it began."""
        await self._run(lambda: self._writer.change_gap(gap_id, began=began, ended=ended, reason=reason))

    async def join_gap(self, gap_id: int, to: int) -> None:
        """Make a gap a part of ``to``, the one just before it: it ends with it, and its events are its."""
        await self._run(lambda: self._writer.join_gap(gap_id, to))

    async def close_gaps(self, ids: Sequence[int]) -> None:
        """Everything there was in these gaps has been read back. Those that go on stay as they are.

        Those that lost nothing and were too short to speak of are forgotten by and by.
        """
        await self._run(lambda: self._writer.close_gaps(ids))

    async def aclose(self) -> None:
        """Finish what was begun and close the file. May be called twice."""
        if self._closed:
            return
        self._closed = True
        await self.reader.aclose()
        await self._run(self._close)
        self._thread.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def _run(self, work: Callable[[], T]) -> T:
        return await self._begin(work)

    def _begin(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, self._guarded, work)

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            with translated(self._path):
                return work()
        except LogDamaged:
            suspect(self._path)
            raise

    def _checkpoint(self) -> None:
        self._connection.wal_checkpoint()

    def _close(self) -> None:
        self._connection.close()


def _open(path: Path, key: str) -> Opened:
    take_over(path, key)
    return open_log(path, key)


def _close_unused(opening: Future[Opened]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().reader.close()
        opening.result().writer.close()
