"""Entries as tables for people: CSV and XLSX.

The columns are meant for reading; what a program wants is in the JSON lines. Texts of strangers go into
these files, so nothing may be taken for a formula: see ``harmless``.
"""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol, Self, TextIO

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from app.domain.events import OPTED_IN, OPTED_OUT, BatchSummary, Entry, Family, Source
from app.domain.numbers import format_number

HEADINGS = (
    "Time",
    "Event",
    "Status",
    "Your number",
    "Label",
    "Customer",
    "Text",
    "Error code",
    "Batch",
    "Batch size",
    "Processed",
    "Rejected",
    "Segments",
    "Cost",
    "Received",
    "How",
    "ID",
)

_EVENTS = {
    Family.BATCH: "Batch",
    Family.INBOUND: "Text received",
    Family.OUTBOUND: "Text sent",
    Family.OPTOUT: "Opt-out",
    Family.UNKNOWN: "Unknown",
}
_STATES = {OPTED_OUT: "Opted out", OPTED_IN: "Opted back in"}
_SOURCES = {Source.LIVE: "Live", Source.REPLAYED: "Received late", Source.READ_BACK: "Received late"}
_WIDTHS = (20, 14, 16, 18, 16, 18, 60, 14, 38, 10, 10, 10, 10, 10, 20, 14, 38)

_LONGEST = 32_767
"""Characters in a cell of a spreadsheet."""
_MOST_ROWS = 1_048_576
"""Rows in a sheet."""
_EXACT = 10**15
"""A spreadsheet rounds larger numbers."""

_FORMULA_SIGNS = tuple("=+-@|\uff1d\uff0b\uff0d\uff20")
"""The full-width forms count too, where the language is an Asian one."""
_CONTROLS = tuple("\t\r\n")
_BLANKS = " \t\r\n\u00a0\ufeff"

Cell = str | int | Decimal | datetime | None
Cells = Callable[[Entry, BatchSummary | None, Mapping[str, str], tzinfo | None], tuple[Cell, ...]]
"""Makes a row of an entry, its batch as far as it was asked for, the names of numbers, and the zone."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a table is made of."""

    headings: tuple[str, ...]
    widths: tuple[int, ...]
    cells: Cells
    sheet: str
    """The name of a workbook's sheet."""


class Table(Protocol):
    """What entries can be written to."""

    def write(self, entry: Entry, batch: BatchSummary | None = None) -> None:
        """Add one entry, with its batch if the columns want it."""

    def close(self) -> None:
        """Finish the file."""


def harmless(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula.

    What begins with a sign that begins a formula in Excel, LibreOffice or Google Sheets is put behind an
    apostrophe, as OWASP advises ("CSV Injection"). Half surrogate pairs and NULs, which no file of text
    can hold, become question marks.
    """
    clean = _storable(text)
    # Spreadsheets pass over leading blanks.
    begin = clean.lstrip(_BLANKS)
    return f"'{clean}" if clean.startswith(_CONTROLS) or begin.startswith(_FORMULA_SIGNS) else clean


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def _cells(
    entry: Entry, _: BatchSummary | None, labels: Mapping[str, str], zone: tzinfo | None
) -> tuple[Cell, ...]:
    event = entry.event
    return (
        local(event.timestamp, zone),
        _EVENTS[event.family],
        _STATES.get(event.state, event.state),
        format_number(event.number),
        labels.get(event.number, ""),
        format_number(event.customer),
        event.text,
        event.error_code,
        event.batch_id,
        event.size,
        event.processed,
        event.rejected,
        event.segments,
        event.cost,
        local(event.received_at, zone),
        _SOURCES[event.source],
        event.ref or event.uuid,
    )


def local(moment: datetime, zone: tzinfo | None) -> datetime:
    """The moment in that zone, the computer's if ``None``."""
    try:
        return moment.astimezone(zone)
    except (OverflowError, ValueError, OSError):
        # At the ends of the calendar there is no such time elsewhere.
        return moment


EVENTS = Columns(HEADINGS, _WIDTHS, _cells, "Events")


def _is_exact(figure: Decimal) -> bool:
    return figure.is_finite() and abs(figure) < _EXACT


class CsvWriter:
    """Writes entries as CSV (RFC 4180) to an open text file, which stays open.

    The file should be opened with ``newline=""``. With ``for_excel`` it begins with a byte order mark,
    without which Excel does not see that it is UTF-8. Times are ISO 8601 with their offset.
    """

    def __init__(
        self,
        file: TextIO,
        *,
        labels: Mapping[str, str] | None = None,
        zone: tzinfo | None = None,
        columns: Columns = EVENTS,
        for_excel: bool = False,
    ) -> None:
        """``labels``: names of the business's numbers; ``zone``: of the times, else the computer's."""
        self._labels = labels or {}
        self._zone = zone
        if for_excel:
            file.write("\ufeff")
        self._csv = csv.writer(file)
        self._columns = columns
        self._csv.writerow(columns.headings)

    def write(self, entry: Entry, batch: BatchSummary | None = None) -> None:
        """Add one entry."""
        cells = self._columns.cells(entry, batch, self._labels, self._zone)
        self._csv.writerow([self._shown(cell) for cell in cells])

    def close(self) -> None:
        """Nothing is left to do; the file is its owner's."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @staticmethod
    def _shown(cell: Cell) -> str:
        if cell is None:
            return ""
        if isinstance(cell, datetime):
            return cell.isoformat(timespec="seconds")
        if isinstance(cell, str):
            return harmless(cell)
        return str(cell)


class XlsxWriter:
    """Writes entries as an Excel workbook, a row at a time, so that memory stays flat.

    What does not fit on a sheet goes on on another. Times are the zone's, as Excel knows no zones.
    """

    def __init__(
        self,
        target: Path | BinaryIO,
        *,
        labels: Mapping[str, str] | None = None,
        zone: tzinfo | None = None,
        columns: Columns = EVENTS,
        scratch: Path | None = None,
    ) -> None:
        """``target``: a path, or an open file, which stays open and gets everything by ``close``.

        ``labels``: names of the business's numbers; ``zone``: of the times, else the computer's;
        ``scratch``: a folder for what is written until then, else the system's.

        Raises:
            OSError: the file cannot be made.
        """
        self._labels = labels or {}
        self._zone = zone
        self._columns = columns
        if isinstance(target, Path):
            # Otherwise this would show only when everything has been written.
            target.open("wb").close()
        self._book = xlsxwriter.Workbook(
            str(target) if isinstance(target, Path) else target,
            {
                "constant_memory": True,
                "tmpdir": None if scratch is None else str(scratch),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        # A sheet of a million long texts is larger than the old form of the archive allows.
        self._book.use_zip64()
        self._bold = self._book.add_format({"bold": True})
        self._time = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._sheets = 0
        self._begin_sheet()

    def write(self, entry: Entry, batch: BatchSummary | None = None) -> None:
        """Add one entry."""
        if self._row >= _MOST_ROWS:
            self._begin_sheet()
        for column, cell in enumerate(self._columns.cells(entry, batch, self._labels, self._zone)):
            if isinstance(cell, datetime) and cell.year >= 1900:
                self._sheet.write_datetime(self._row, column, cell.replace(tzinfo=None), self._time)
            elif isinstance(cell, (int, Decimal)) and _is_exact(Decimal(cell)):
                self._sheet.write_number(self._row, column, cell)
            elif cell is not None and cell != "":
                # Never a formula: it is written as what it is.
                self._sheet.write_string(self._row, column, _storable(str(cell))[:_LONGEST])
        self._row += 1

    def close(self) -> None:
        """Finish the file.

        Raises:
            OSError: it cannot be written.
        """
        try:
            self._book.close()
        except FileCreateError as error:
            cause = error.args[0]
            raise cause if isinstance(cause, OSError) else OSError(str(error)) from error

    def abandon(self) -> None:
        """Let go of what was written so far, which ``close`` would make a file of."""
        for sheet in self._book.worksheets():
            # The library closes them only together with a finished workbook: the rows as they came, and
            # the sheet that is being made of them.
            sheet.row_data_fh.close()
            if sheet.fh is not None:
                sheet.fh.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = self._columns.sheet
        self._sheet = self._book.add_worksheet(name if self._sheets == 1 else f"{name} {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        for column, (heading, width) in enumerate(
            zip(self._columns.headings, self._columns.widths, strict=True)
        ):
            self._sheet.set_column(column, column, width)
            self._sheet.write_string(0, column, heading, self._bold)
        self._row = 1
