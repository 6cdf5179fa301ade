"""Everything a query finds, as a file for people (CSV, Excel) or for programs (JSON lines)."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from app.domain.events import BatchSummary, Entry
from app.domain.problems import BadInput
from app.eventlog import LogReader, Query
from app.ringcentral.bodies import event_to_line
from app.sync.files import NewFile, cannot_write
from app.sync.threads import in_thread

if TYPE_CHECKING:
    from app.eventlog.export import Columns, Table, XlsxWriter

# Whatever writes tables is loaded when it is needed, in the thread: the workbook's library is slow to load.

CHUNK = 500
"""Events at a time: whoever reads the log meanwhile waits for no more than these."""
_COUNTED = 10**9


class FileKind(StrEnum):
    """What is written; the value is how the file's name ends."""

    XLSX = "xlsx"
    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is laid out."""

    kind: FileKind
    labels: Mapping[str, str]
    """Names of the business's numbers (E.164)."""
    zone: tzinfo | None = None
    """Of the times, in CSV and Excel; the computer's unless given."""
    for_excel: bool = False
    """CSV begins with a mark that tells Excel that it is UTF-8."""

    def wants_batches(self, query: Query) -> bool:
        """Each row is a batch as it stands now: where the query finds one event of each."""
        return query.batch_starts and self.kind is not FileKind.JSONL


Batches = Mapping[str, BatchSummary]
OnProgress = Callable[[int, int | None], object]
"""Called with how many events were written, and how many there are (``None``: not known yet)."""


async def export_file(
    reader: LogReader, query: Query, path: Path, layout: Layout, progress: OnProgress | None = None
) -> int:
    """Write everything the query finds to ``path``, newest first; how many events.

    The file is there when this returns, and only then: cancelled or failed it leaves what was there
    before. Other work goes on meanwhile.

    Raises:
        BadInput: the file cannot be written; the sentence says why and what to do.
        LogUnavailable: as the reader does.
    """
    told = progress or _nobody
    writing: _Writing | None = None
    try:
        batches = layout.wants_batches(query)
        made = await in_thread(lambda: _Writing(path, layout, batches=batches))
        writing = made
        told(0, None)
        total = await reader.count(query, _COUNTED)
        done = 0
        told(done, total)
        async for chunk in reader.stream(query, CHUNK):
            known = await _batches_of(reader, chunk) if batches else {}
            await in_thread(partial(made.write, chunk, known))
            done += len(chunk)
            total = max(total, done)
            told(done, total)
        await in_thread(made.finish, made.stop)
        writing = None
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if writing is not None:
            await in_thread(writing.abandon)
    return done


async def export_stream(reader: LogReader, query: Query, file: TextIO, layout: Layout) -> int:
    """The same to an open file, which stays open, piece by piece from this thread.

    Raises:
        BadInput: Excel's files cannot be written so.
        OSError: as the file does.
    """
    if layout.kind is FileKind.XLSX:
        raise BadInput("An Excel file cannot be printed: name a file with --output.")
    batches = layout.wants_batches(query)
    table = _text_table(file, layout, batches=batches)
    count = 0
    async for chunk in reader.stream(query):
        known = await _batches_of(reader, chunk) if batches else {}
        for entry in chunk:
            table.write(entry, known.get(entry.event.batch_id))
        count += len(chunk)
    return count


async def _batches_of(reader: LogReader, entries: tuple[Entry, ...]) -> Batches:
    return await reader.batches(entry.event.batch_id for entry in entries)


class _Lines:
    """Entries as JSON lines."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, entry: Entry, batch: BatchSummary | None = None) -> None:
        """The batch is not part of an event's line."""
        self._file.write(event_to_line(entry.event) + "\n")

    def close(self) -> None:
        """The file is its owner's."""


def _columns(*, batches: bool) -> "Columns":
    from app.eventlog.batch_table import BATCHES
    from app.eventlog.export import EVENTS

    return BATCHES if batches else EVENTS


def _text_table(file: TextIO, layout: Layout, *, batches: bool) -> "Table":
    from app.eventlog.export import CsvWriter

    if layout.kind is FileKind.JSONL:
        return _Lines(file)
    return CsvWriter(
        file,
        labels=layout.labels,
        zone=layout.zone,
        columns=_columns(batches=batches),
        for_excel=layout.for_excel,
    )


class _Writing:
    """One file being written; used in one thread at a time."""

    def __init__(self, path: Path, layout: Layout, *, batches: bool) -> None:
        self._file = NewFile(path)
        self._book: XlsxWriter | None = None
        self._text: TextIOWrapper | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        try:
            self._table = self._begin(layout, batches=batches)
        except BaseException:
            self.abandon()
            raise

    def _begin(self, layout: Layout, *, batches: bool) -> "Table":
        from app.eventlog.export import XlsxWriter

        if layout.kind is FileKind.XLSX:
            # Beside the file: where that has room and may be read, so may this.
            self._scratch = tempfile.TemporaryDirectory(
                prefix=".textbell-", dir=self._file.part.parent, ignore_cleanup_errors=True
            )
            self._book = XlsxWriter(
                self._file.file,
                labels=layout.labels,
                zone=layout.zone,
                columns=_columns(batches=batches),
                scratch=Path(self._scratch.name),
            )
            return self._book
        self._text = TextIOWrapper(self._file.file, "utf-8", errors="backslashreplace", newline="")
        return _text_table(self._text, layout, batches=batches)

    def write(self, entries: tuple[Entry, ...], batches: Batches) -> None:
        for entry in entries:
            self._table.write(entry, batches.get(entry.event.batch_id))

    def stop(self) -> None:
        """Make ``finish`` end soon, without a file. May be called from another thread."""
        self._file.stop()
        if self._book is not None:
            # The library copies all rows once more before it writes: this ends that.
            self._book.abandon()

    def finish(self) -> None:
        self._table.close()
        if self._text is not None:
            self._text.flush()
        self._file.finish()
        self._clear()

    def abandon(self) -> None:
        if self._book is not None:
            self._book.abandon()
        self._file.abandon()
        self._clear()

    def _clear(self) -> None:
        if self._scratch is not None:
            self._scratch.cleanup()


def _nobody(_done: int, _total: int | None) -> None:
    """Nobody watches."""
