"""Brings the log's events into the table's model: pages on demand, live ones at most ten times a second."""

from collections.abc import Iterable, Mapping
from enum import Enum, auto

from PySide6.QtCore import QObject, QTimer, Signal

from app.domain.events import Appended, BatchSummary, Entry, Family
from app.domain.problems import Expected
from app.domain.status import Status
from app.eventlog import LogReader, Query
from app.ui.event_model import EventTableModel
from app.ui.gap_feed import GapFeed
from app.ui.tasks import Tasks
from app.ui.words import COUNT_LIMIT

PAGE = 200
UPDATE_MS = 100
"""The table changes at most this often."""
RECOUNT_MS = 1_000
"""So long after the last change the result is counted afresh."""
MOST_PENDING = 1_000
"""Beyond this many new events it is quicker to load the newest page anew than to catch up."""
MOST_ROWS = 20_000
"""Rows kept while following; older ones are fetched again when somebody scrolls there."""


class FeedState(Enum):
    """What the table can show."""

    LOADING = auto()
    READY = auto()
    FAILED = auto()


class EventFeed(QObject):
    """Keeps the model in step with the log for one query at a time.

    While ``following``, new events appear at once; otherwise they are counted as ``pending`` and the
    rows stay as they are until ``follow()``.
    """

    state_changed = Signal()
    pending_changed = Signal()
    counted = Signal()
    reloaded = Signal()
    """The rows were replaced by another query's."""

    def __init__(
        self, log: LogReader, model: EventTableModel, tasks: Tasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._log = log
        self._model = model
        self._tasks = tasks
        self._query: Query | None = None
        self._gaps = GapFeed(log, model)
        self._following = True
        self._pending_top: int | None = None
        self._dirty = False
        self._late: set[int] = set()
        self._stale_batches: set[str] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UPDATE_MS)
        self._timer.timeout.connect(self._update)
        self._recount = QTimer(self)
        self._recount.setSingleShot(True)
        self._recount.setInterval(RECOUNT_MS)
        self._recount.timeout.connect(self._count_again)
        self.state = FeedState.LOADING
        self.problem = ""
        self.pending = 0
        self.total = 0
        model.missing.connect(self._missing)

    @property
    def following(self) -> bool:
        """Whether new events appear at once."""
        return self._following

    def set_following(self, on: bool) -> None:
        """The view is at the newest row, or has left it. Being back takes in what is pending."""
        if on and not self._following:
            self.follow()
        self._following = on

    def show(self, query: Query, *, gaps: bool = False) -> None:
        """Replace the rows by what matches ``query``; with ``gaps`` between them."""
        self._query = query
        self._gaps.choose(wanted=gaps, since=query.after)
        self._following = True
        self._late.clear()
        self._set_pending(0)
        self._tasks.cancel("log-update")
        self._tasks.cancel("log-older")
        self._tasks.cancel("log-count")
        self._recount.stop()
        self._tasks.latest("log-page", self._load, query, failed=self._failed)

    def reload(self) -> None:
        """Load the same again: after an error, or to catch up with a lot."""
        if self._query is not None:
            self.show(self._query, gaps=self._gaps.wanted)

    def follow(self) -> None:
        """Take in what is pending and show new events as they come."""
        self._following = True
        if self.pending >= MOST_PENDING:
            self.reload()
        elif self.pending or self._late:
            self._set_pending(0)
            self._dirty = True
            self._begin_update()

    def older(self) -> None:
        """Fetch the next page below, unless it is on its way or there is none."""
        if self._model.more and not self._tasks.running("log-older") and self._query is not None:
            self._tasks.latest("log-older", self._load_older, self._query, failed=self._failed)

    def status_changed(self, status: Status) -> None:
        """The program stands otherwise: a time in which nobody watched may have ended, or been closed."""
        if self._gaps.may_have_changed(status) and self.state is FeedState.READY:
            self._tasks.latest("log-gaps", self._gaps.refresh, failed=self._failed)

    def changed(self, appended: Appended) -> None:
        """The log was written to."""
        self._stale_batches.update(appended.batches_changed)
        top = self._model.top
        if top is not None:
            self._late.update(entry.id for entry in appended.new if entry.id < top)
        self._dirty = self._dirty or bool(appended.new)
        if (appended.new or appended.batches_changed) and not self._timer.isActive():
            self._timer.start()

    # --------------------------------------------------------------- loading

    async def _load(self, query: Query) -> None:
        if self.state is FeedState.FAILED:
            self._set_state(FeedState.LOADING)
        page = await self._log.page(query, limit=PAGE)
        batches = await self._batches_of(page.entries)
        self._model.whole_batches = query.batch_starts
        self._model.reset(page.entries, batches, more=page.more)
        await self._gaps.refresh()
        self._set_state(FeedState.READY)
        self.total = len(page.entries)
        self.reloaded.emit()
        if page.more:
            self.total = await self._log.count(query, COUNT_LIMIT)
        self.counted.emit()
        if self._dirty:
            self._begin_update()

    async def _load_older(self, query: Query) -> None:
        page = await self._log.page(query, before=self._model.bottom, limit=PAGE)
        batches = await self._batches_of(page.entries)
        self._model.append_older(page.entries, batches, more=page.more)
        await self._gaps.refresh()

    def _update(self) -> None:
        if self._query is not None and self.state is FeedState.READY:
            self._begin_update()

    def _begin_update(self) -> None:
        if self._tasks.running("log-update") or self._tasks.running("log-page"):
            self._timer.start()  # soon again: one at a time, and nothing is left out
        elif self._query is not None:
            self._tasks.latest("log-update", self._take_in, self._query, failed=self._failed)

    async def _take_in(self, query: Query) -> None:
        dirty, self._dirty = self._dirty, False
        stale = self._model.batches_shown(self._stale_batches)
        self._stale_batches.clear()
        if stale:
            self._model.set_batches(await self._log.batches(stale))
        if not dirty:
            return  # only batches changed: no need to look through what arrived since the newest row
        if not self._following:
            await self._count_pending(query)
            return
        late, self._late = self._late, set()
        self._pending_top = None
        added = await self._newer(query)
        if added is None:
            self.reload()
            return
        added += await self._fill_in(query, late)
        if added:
            self._add_to_total(added)
        self._model.keep_newest(MOST_ROWS)

    async def _newer(self, query: Query) -> int | None:
        """Take in what is above the top. ``None``: it is too much."""
        added = 0
        for _ in range(MOST_PENDING // PAGE):
            top = self._model.top
            page = await self._log.page(query, after=top, limit=PAGE)
            added += self._model.merge(page.entries, await self._batches_of(page.entries))
            if not page.more:
                return added
            if top is None:
                return None
        return None

    async def _fill_in(self, query: Query, late: set[int]) -> int:
        """Take in events that came late and belong between the rows."""
        bottom = self._model.bottom
        inside = [id_ for id_ in late if not self._model.more or bottom is None or id_ > bottom]
        added = 0
        while inside:
            before = max(inside) + 1
            page = await self._log.page(query, before=before, limit=PAGE)
            added += self._model.merge(
                (entry for entry in page.entries if not self._model.more or entry.id > (bottom or 0)),
                await self._batches_of(page.entries),
            )
            if not page.more:
                break
            reached = page.entries[-1].id
            inside = [id_ for id_ in inside if id_ < reached]
        return added

    async def _count_pending(self, query: Query) -> None:
        if self.pending >= MOST_PENDING:
            return
        after = self._pending_top if self._pending_top is not None else self._model.top
        page = await self._log.page(query, after=after, limit=PAGE)
        if page.entries:
            self._pending_top = page.entries[0].id
            self._set_pending(self.pending + len(page.entries))
            self._add_to_total(len(page.entries))
        if page.more:
            self._dirty = True
            self._timer.start()

    def _add_to_total(self, added: int) -> None:
        self.total = min(self.total + added, COUNT_LIMIT)
        self.counted.emit()
        if self.total < COUNT_LIMIT:
            self._recount.start()

    def _count_again(self) -> None:
        # An event that came between a page and its count was added twice; this sets it right.
        if self._query is not None and not self._tasks.running("log-page"):
            self._tasks.latest("log-count", self._count, self._query, failed=self._failed)

    async def _count(self, query: Query) -> None:
        self.total = await self._log.count(query, COUNT_LIMIT)
        self.counted.emit()

    def _missing(self, row: int) -> None:
        if self._query is not None and not self._tasks.running("log-refill"):
            self._tasks.latest("log-refill", self._refill, self._query, row, failed=self._failed)

    async def _refill(self, query: Query, row: int) -> None:
        first = max(0, row - PAGE // 2)
        page = await self._log.page(query, before=self._model.id_at(first) + 1, limit=PAGE)
        self._model.refill(page.entries, await self._batches_of(page.entries))

    async def _batches_of(self, entries: Iterable[Entry]) -> Mapping[str, BatchSummary]:
        ids = {e.event.batch_id for e in entries if e.event.family is Family.BATCH and e.event.batch_id}
        return await self._log.batches(sorted(ids)) if ids else {}

    def _failed(self, error: Expected) -> None:
        self.problem = str(error)
        self._set_state(FeedState.FAILED)

    def _set_state(self, state: FeedState) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit()

    def _set_pending(self, pending: int) -> None:
        if pending != self.pending:
            self.pending = min(pending, MOST_PENDING)
            self.pending_changed.emit()
        if pending == 0:
            self._pending_top = None
