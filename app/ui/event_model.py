"""The rows of the log, newest first, as Qt wants them: ids always, their events as far as needed.

The model never asks for anything by itself: ``data`` reads memory only and shows a placeholder for an
event that was let go; ``feed.EventFeed`` brings what is missing.
"""

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from app.domain.events import BatchSummary, Entry, Family
from app.domain.gaps import Gap
from app.ui import event_words, gap_words, words
from app.ui.gap_rows import cell, placed
from app.ui.words import Labels

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

ROW_ROLE = Qt.ItemDataRole.UserRole
"""The whole row: ``(Entry, event_words.Row)``; ``None`` while it is on its way. A gap has no ``Entry``."""

_KEPT = 4_000
"""Events kept in memory; ids are kept for all rows."""


class Column(IntEnum):
    """What stands side by side."""

    WHO = 0
    WHAT = 1
    NUMBER = 2
    TIME = 3


_TITLES = {
    Column.WHO: "Customer or batch",
    Column.WHAT: "What happened",
    Column.NUMBER: "Your number",
    Column.TIME: "Time",
}


class EventTableModel(QAbstractTableModel):
    """Rows by descending id. ``more`` says whether older ones wait in the log.

    Between the events stand the gaps, each where it ended: times in which nobody was watching.
    """

    missing = Signal(int)
    """A row's event is wanted, and is not in memory."""

    def __init__(
        self, now: Callable[[], datetime], zone: tzinfo | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._now = now
        self._zone = zone
        # Negative ids, ascending: newest first and fit for bisect. A gap's lies between two of them.
        self._keys: list[float] = []
        self._gaps: dict[float, Gap] = {}
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._batches: dict[str, BatchSummary] = {}
        self._labels = Labels()
        self.more = False
        self.whole_batches = False
        """Rows of batches stand for the batches as they are now."""

    # --------------------------------------------------------------- what the feed does

    def reset(self, entries: Sequence[Entry], batches: Mapping[str, BatchSummary], *, more: bool) -> None:
        """Show these and nothing else."""
        self.beginResetModel()
        self._keys = [-entry.id for entry in entries]
        self._entries = OrderedDict((entry.id, entry) for entry in entries)
        self._gaps = {}
        self._batches = dict(batches)
        self.more = more
        self.endResetModel()

    def merge(self, entries: Iterable[Entry], batches: Mapping[str, BatchSummary]) -> int:
        """Put events where their ids belong; known ones are skipped. Returns how many were new.

        One announcement for each run of neighbours, so a burst at the top is a single one.
        """
        self.set_batches(batches)
        fresh = sorted((entry for entry in entries if self.row_of(entry.id) < 0), key=lambda e: -e.id)
        runs: list[tuple[int, list[Entry]]] = []
        for entry in fresh:
            at = bisect_left(self._keys, -entry.id)
            if runs and runs[-1][0] == at:
                runs[-1][1].append(entry)
            else:
                runs.append((at, [entry]))
        for at, run in reversed(runs):
            self.beginInsertRows(_NOWHERE, at, at + len(run) - 1)
            self._keys[at:at] = [-entry.id for entry in run]
            self._entries.update((entry.id, entry) for entry in run)
            self.endInsertRows()
        self._let_go()
        return len(fresh)

    def append_older(
        self, entries: Sequence[Entry], batches: Mapping[str, BatchSummary], *, more: bool
    ) -> None:
        """The next page below the last row."""
        self.more = more
        self.merge(entries, batches)

    def refill(self, entries: Iterable[Entry], batches: Mapping[str, BatchSummary]) -> None:
        """Events of known rows that had been let go."""
        self.set_batches(batches)
        for entry in entries:
            row = self.row_of(entry.id)
            if row >= 0:
                self._entries[entry.id] = entry
                self._row_changed(row)
        self._let_go()

    def set_batches(self, batches: Mapping[str, BatchSummary]) -> None:
        """What is known of batches now; their rows are shown anew."""
        changed = {key for key, value in batches.items() if self._batches.get(key) != value}
        self._batches.update(batches)
        for id_, entry in self._entries.items() if changed else ():
            if entry.event.batch_id in changed and entry.event.family is Family.BATCH:
                row = self.row_of(id_)
                if row >= 0:
                    self._row_changed(row)

    def set_gaps(self, gaps: Iterable[Gap]) -> None:
        """These are the gaps there are; those older than the rows wait for theirs."""
        bottom = self.bottom
        wanted = placed(gaps, below=bottom if self.more else None) if bottom is not None else {}
        for key in [key for key in self._gaps if key not in wanted]:
            row = bisect_left(self._keys, key)
            self.beginRemoveRows(_NOWHERE, row, row)
            del self._keys[row], self._gaps[key]
            self.endRemoveRows()
        for key, gap in wanted.items():
            row = bisect_left(self._keys, key)
            if key not in self._gaps:
                self.beginInsertRows(_NOWHERE, row, row)
                self._keys.insert(row, key)
                self._gaps[key] = gap
                self.endInsertRows()
            elif self._gaps[key] != gap:
                self._gaps[key] = gap
                self._row_changed(row)

    def keep_newest(self, rows: int) -> None:
        """Let go of all but the newest rows; they can be fetched again."""
        if len(self._keys) > rows:
            self.beginRemoveRows(_NOWHERE, rows, len(self._keys) - 1)
            for key in self._keys[rows:]:
                self._entries.pop(_id(key), None)
                self._gaps.pop(key, None)
            del self._keys[rows:]
            self.more = True
            self.endRemoveRows()

    def set_labels(self, labels: Labels) -> None:
        """The names of the own numbers."""
        self._labels = labels
        self.times_passed()

    def set_read(self, ids: Iterable[int]) -> None:
        """These are not new any more."""
        for id_ in ids:
            entry = self._entries.get(id_)
            if entry is not None and entry.unread:
                self._entries[id_] = entry._replace(unread=False)
                row = self.row_of(id_)
                if row >= 0:
                    self._row_changed(row)

    def times_passed(self) -> None:
        """Show every row anew: “Today” has become “Yesterday”, or a number got a name."""
        if self._keys:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._keys) - 1, len(Column) - 1))

    # --------------------------------------------------------------- what others ask

    @property
    def top(self) -> int | None:
        """The id of the newest event."""
        return next((_id(key) for key in self._keys if key not in self._gaps), None)

    @property
    def bottom(self) -> int | None:
        """The id of the oldest event."""
        return next((_id(key) for key in reversed(self._keys) if key not in self._gaps), None)

    @property
    def labels(self) -> Labels:
        """The names in use."""
        return self._labels

    def id_at(self, row: int) -> int:
        """The id of a row that exists; for a gap that of the place before it."""
        return _id(self._keys[row])

    def row_of(self, id_: int) -> int:
        """The row of an event, -1 if it has none."""
        at = bisect_left(self._keys, -id_)
        return at if at < len(self._keys) and self._keys[at] == -id_ else -1

    def entry_at(self, row: int) -> Entry | None:
        """The event of a row, if it is in memory."""
        if not 0 <= row < len(self._keys) or self._keys[row] in self._gaps:
            return None
        return self._entries.get(_id(self._keys[row]))

    def batch(self, batch_id: str) -> BatchSummary | None:
        """What is known of a batch that has a row."""
        return self._batches.get(batch_id)

    def batches_shown(self, ids: Iterable[str]) -> list[str]:
        """Those of ``ids`` that have a row."""
        return [id_ for id_ in ids if id_ in self._batches]

    def sentence(self, row: int) -> str:
        """A row as one sentence."""
        gap = self._gaps.get(self._keys[row])
        if gap is not None:
            return gap_words.sentence(gap, self._now(), self._zone)
        entry = self.entry_at(row)
        if entry is None:
            return ""
        batch = self._batches.get(entry.event.batch_id)
        return self._sentence(entry, batch)

    def time_text(self, entry: Entry) -> str:
        """The time as the row shows it."""
        return words.moment(entry.event.timestamp, self._now(), self._zone)

    # --------------------------------------------------------------- Qt's side

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _TITLES[Column(section)]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if section == Column.TIME else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        wanted = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, ROW_ROLE)
        if role not in wanted:
            return None
        gap = self._gaps.get(self._keys[index.row()])
        if gap is not None:
            return cell(gap, index.column(), role, ROW_ROLE, self._now(), self._zone)
        entry = self._entries.get(_id(self._keys[index.row()]))
        if entry is None:
            self.missing.emit(index.row())
            return None if role == ROW_ROLE else "…"
        batch = self._batches.get(entry.event.batch_id)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == Column.WHO:
            return self._sentence(entry, batch)
        if index.column() == Column.NUMBER:
            return self._labels.short(entry.event.number) if role != ROW_ROLE else (entry, None)
        if index.column() == Column.TIME:
            return self.time_text(entry) if role != ROW_ROLE else (entry, None)
        row = event_words.row(entry.event, batch, whole=self.whole_batches)
        if role == ROW_ROLE:
            return (entry, row)
        if index.column() == Column.WHO:
            return row.who
        return ", ".join(part for part in (row.lead, row.what) if part)

    def _sentence(self, entry: Entry, batch: BatchSummary | None) -> str:
        return event_words.sentence(
            entry, batch, self._labels, self._now(), self._zone, whole=self.whole_batches
        )

    def _row_changed(self, row: int) -> None:
        self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))

    def _let_go(self) -> None:
        while len(self._entries) > _KEPT:
            self._entries.popitem(last=False)


def _id(key: float) -> int:
    return int(-key)
