"""The reading half of the log: pages, counts, batches and consent, in a thread of its own."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import apsw

from app.domain.events import OPTED_IN, OPTED_OUT, BatchSummary, Entry
from app.domain.gaps import Gap
from app.domain.problems import LogUnavailable
from app.eventlog import batches, gaps
from app.eventlog.batches import OpenBatch
from app.eventlog.decode import READ_COLUMNS, Decoder
from app.eventlog.failures import LogDamaged, translated
from app.eventlog.packing import micros, moment, pack_number, unpack_number
from app.eventlog.query import EVERYTHING, Query
from app.eventlog.search import NothingFits, way_to
from app.eventlog.sql import one, rows_of
from app.eventlog.storage import suspect

_STEPS_BETWEEN_LOOKS = 20_000
"""SQLite's virtual machine steps (about a millisecond) between looks whether a query was cancelled."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Some of what a query finds, newest first."""

    entries: tuple[Entry, ...] = ()
    more: bool = False
    """There are more in the direction that was asked for."""


@dataclass(frozen=True, slots=True)
class LogStats:
    """The log as a whole."""

    events: int
    bytes: int
    """What it takes on the disk."""
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class Consent:
    """The latest known consent of one customer towards one of the business's numbers."""

    number: str
    customer: str
    state: str
    """``OPTED_OUT`` or ``OPTED_IN``."""
    since: datetime
    as_of: datetime
    """When this was last learned."""
    entry_id: int | None
    """The event in the log that says so, if one does."""


class LogReader:
    """Answers questions about the log.

    All methods are coroutines whose work is done in the reader's thread, one after the other. Cancelling
    one stops its work within a few milliseconds. All raise LogUnavailable if the file cannot be read.
    """

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._path = path
        self._connection = connection
        self._decoder = Decoder(connection)
        self._thread = ThreadPoolExecutor(1, "log-reader")
        self._cancelled: threading.Event | None = None
        self._closing = False
        connection.set_progress_handler(self._is_cancelled, _STEPS_BETWEEN_LOOKS)

    async def page(
        self,
        query: Query = EVERYTHING,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 100,
    ) -> Page:
        """Some of the events that the query finds, newest first.

        Without ``before`` and ``after`` the newest; with ``before`` those next older than that id; with
        ``after`` those next newer than that id. With both, the newest between them.
        """
        return await self._run(lambda: self._page(query, before, after, limit))

    async def count(self, query: Query = EVERYTHING, limit: int = 10_001) -> int:
        """How many events the query finds, counted up to ``limit``."""
        return await self._run(lambda: self._count(query, limit))

    async def entry(self, place: int) -> Entry | None:
        """The event with this id."""
        found = await self._run(lambda: self._entries("FROM event WHERE id = ?", (place,)))
        return found[0] if found else None

    async def batch(self, batch_id: str) -> BatchSummary | None:
        """What is known of a batch; ``None`` if the log has nothing of it."""
        return (await self.batches((batch_id,))).get(batch_id)

    async def batches(self, ids: Iterable[str]) -> Mapping[str, BatchSummary]:
        """What is known of these batches, by id; those of which nothing is known are absent."""
        wanted = tuple(ids)
        return await self._run(lambda: batches.load_by_ref(self._connection, wanted))

    async def open_batches(self, since: datetime, limit: int = 10_000) -> tuple[OpenBatch, ...]:
        """Batches made after ``since`` about which more is to come, newest first."""
        return await self._run(lambda: batches.load_open(self._connection, micros(since), limit))

    async def unsettled_messages(
        self, since: datetime, until: datetime, limit: int = 10_000
    ) -> tuple[str, ...]:
        """Ids of outbound texts of no batch, made in that time, of whose end nothing is known."""
        rest = "FROM unsettled WHERE created BETWEEN ? AND ? ORDER BY created DESC LIMIT ?"
        values = (micros(since), micros(until), limit)
        rows = await self._run(lambda: rows_of(self._connection, ("key",), rest, values))
        return tuple(str(key) for (key,) in rows)

    async def consents_of(self, number: str) -> Mapping[str, str]:
        """The consent known of all customers towards one of the business's numbers (E.164), by customer."""
        rest = "FROM consent WHERE number = ?"
        values = (pack_number(number) or "",)
        rows = await self._run(lambda: rows_of(self._connection, ("customer", "opted_out"), rest, values))
        return {unpack_number(customer): OPTED_OUT if out else OPTED_IN for customer, out in rows}

    async def gaps(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int = 200
    ) -> tuple[Gap, ...]:
        """When nobody was watching, as far as it touches the time from ``since`` to ``until``, newest first.

        What lasted less than ``app.domain.gaps.SHORTEST`` and lost nothing is left out.
        """
        return await self._run(lambda: gaps.load(self._connection, since, until, limit))

    async def unread_count(self) -> int:
        """How many events nobody has looked at yet that somebody should."""
        return int(await self._run(lambda: one(self._connection, "SELECT count(*) FROM unread")))

    async def stats(self) -> LogStats:
        """How much there is, since when."""
        return await self._run(self._stats)

    async def consent(self, customer: str) -> tuple[Consent, ...]:
        """The consent known of a customer (E.164), one for each of the business's numbers."""
        rows = await self._run(
            lambda: rows_of(
                self._connection,
                ("number", "customer", "opted_out", "at", "as_of", "event"),
                "FROM consent WHERE customer = ? ORDER BY number",
                (pack_number(customer) or "",),
            )
        )
        return tuple(
            Consent(
                number=unpack_number(number),
                customer=unpack_number(other),
                state=OPTED_OUT if opted_out else OPTED_IN,
                since=moment(at),
                as_of=moment(as_of),
                entry_id=event,
            )
            for number, other, opted_out, at, as_of, event in rows
        )

    async def stream(self, query: Query = EVERYTHING, chunk: int = 1000) -> AsyncIterator[tuple[Entry, ...]]:
        """Everything the query finds, newest first, in pieces.

        Between two pieces nothing is held, so this may take as long as it likes. What is written
        meanwhile is included only where it is older than the last piece.
        """
        before: int | None = None
        while True:
            page = await self.page(query, before=before, limit=chunk)
            if page.entries:
                yield page.entries
                before = page.entries[-1].id
            if not page.more:
                return

    async def aclose(self) -> None:
        """Stop what is going on, close the connection and end the thread."""
        self._closing = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], T]) -> T:
        cancelled = threading.Event()

        def guarded() -> T:
            self._cancelled = cancelled
            try:
                with translated(self._path):
                    return work()
            except apsw.InterruptError as error:
                raise LogUnavailable("The log is being closed.") from error
            except LogDamaged:
                suspect(self._path)
                raise
            finally:
                self._cancelled = None

        future = asyncio.get_running_loop().run_in_executor(self._thread, guarded)
        try:
            return await future
        except asyncio.CancelledError:
            cancelled.set()
            raise

    def _is_cancelled(self) -> bool:
        cancelled = self._cancelled
        return self._closing or (cancelled is not None and cancelled.is_set())

    def _page(self, query: Query, before: int | None, after: int | None, limit: int) -> Page:
        try:
            way = way_to(self._connection, query)
        except NothingFits:
            return Page()
        ascending = after is not None and before is None
        if before is not None:
            way.limit(f"{way.place} < ?", before)
        if after is not None:
            way.limit(f"{way.place} > ?", after)
        order = "ASC" if ascending else "DESC"
        rest = f"FROM {way.source} WHERE {way.where} ORDER BY {way.place} {order} LIMIT ?"
        entries = self._entries(rest, (*way.values, limit + 1))
        more = len(entries) > limit
        del entries[limit:]
        if ascending:
            entries.reverse()
        return Page(tuple(entries), more)

    def _count(self, query: Query, limit: int) -> int:
        try:
            way = way_to(self._connection, query)
        except NothingFits:
            return 0
        source = way.source if way.needs_event else "find"
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {source} WHERE {way.where} LIMIT ?)"  # noqa: S608
        return int(one(self._connection, sql, (*way.values, limit)))

    def _stats(self) -> LogStats:
        oldest, newest = (
            one(self._connection, f"SELECT at FROM event ORDER BY id {order} LIMIT 1")  # noqa: S608
            for order in ("ASC", "DESC")
        )
        size = sum(
            part.stat().st_size
            for part in (self._path, self._path.with_name(self._path.name + "-wal"))
            if part.exists()
        )
        return LogStats(
            events=int(one(self._connection, "SELECT value FROM meta WHERE name = '.events'")),
            bytes=size,
            oldest=None if oldest is None else moment(oldest),
            newest=None if newest is None else moment(newest),
        )

    def _entries(self, rest: str, values: tuple[Any, ...]) -> list[Entry]:
        return list(map(self._decoder.entry, rows_of(self._connection, READ_COLUMNS, rest, values)))
