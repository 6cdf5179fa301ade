"""Tables for people, from texts of strangers."""

import csv
import io
from datetime import UTC, timezone
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Entry
from app.eventlog import export
from app.eventlog.export import HEADINGS, CsvWriter, XlsxWriter, harmless
from tests.eventlog.events import NOON, batch, message, opt, timedelta, unknown
from tests.eventlog.strategies import absurd, plausible

ENTRIES = [
    Entry(1, batch("b-1", size=1204, processed=1204, rejected=3)),
    Entry(2, message("7086", text='Hi, "Ann"\nsee you, 10 %', batch_id="b-1", error_code="SMS-CAR-411")),
    Entry(3, message("7119", inbound=True, text="=HYPERLINK(1)", customer="+442079460000")),
    Entry(4, opt()),
    Entry(5, unknown("u-1", text="It is not JSON.")),
]
LABELS = {"+16505550100": "Front desk"}
ZONE = ZoneInfo("America/New_York")

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "|calc", "＝1+1", "\ufeff=1", "\n@x"]


def written(entries: list[Entry], **options: object) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    with CsvWriter(file, labels=LABELS, zone=ZONE, **options) as writer:  # type: ignore[arg-type]
        for entry in entries:
            writer.write(entry)
    file.seek(0)
    return list(csv.DictReader(file))


def test_csv_for_people() -> None:
    rows = written(ENTRIES)
    assert list(rows[0]) == list(HEADINGS)
    first = rows[0]
    assert first["Time"] == "2026-11-03T07:00:00-05:00"
    assert (first["Event"], first["Status"]) == ("Batch", "Completed")
    assert (first["Your number"], first["Label"]) == ("(650) 555-0100", "Front desk")
    assert (first["Batch size"], first["Rejected"], first["Cost"]) == ("1204", "3", "8.428")
    second = rows[1]
    assert second["Customer"] == "(212) 555-0142"
    assert second["Text"] == 'Hi, "Ann"\nsee you, 10 %'
    assert (second["Error code"], second["Batch"], second["ID"]) == ("SMS-CAR-411", "b-1", "7086")
    assert rows[2]["Text"] == "'=HYPERLINK(1)"
    assert rows[2]["Customer"] == "'+44 20 7946 0000"
    assert rows[3]["Status"] == "Opted out"
    assert rows[4]["ID"] == "u-1"


def test_csv_for_excel_begins_with_a_mark() -> None:
    file = io.StringIO()
    CsvWriter(file, for_excel=True).write(ENTRIES[0])
    assert file.getvalue().startswith("\ufeffTime,")


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_are_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "1+1", "a=b", "(650) 555-0100", "é", "'=1"])
def test_other_texts_stay_what_they_are(text: str) -> None:
    assert harmless(text) == text


@given(st.lists(st.builds(Entry, st.integers(0, 9), plausible | absurd), max_size=4))
def test_csv_of_anything_can_be_written_and_read(entries: list[Entry]) -> None:
    rows = written(entries)
    assert len(rows) == len(entries)
    for row in rows:
        assert None not in row
        for cell in row.values():
            cell.encode()
            assert not cell.startswith(("=", "@", "+"))


def test_xlsx_for_people(tmp_path: Path) -> None:
    path = tmp_path / "events.xlsx"
    with XlsxWriter(path, labels=LABELS, zone=ZONE) as writer:
        for entry in ENTRIES:
            writer.write(entry)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == HEADINGS
    assert rows[1][0] == NOON.astimezone(ZONE).replace(tzinfo=None)
    assert rows[1][HEADINGS.index("Batch size")] == 1204
    assert rows[1][HEADINGS.index("Cost")] == pytest.approx(8.428)
    assert rows[3][HEADINGS.index("Text")] == "=HYPERLINK(1)"
    cell = sheet.cell(4, HEADINGS.index("Text") + 1)
    assert cell.data_type == "s"
    assert cell.hyperlink is None
    assert rows[3][HEADINGS.index("Customer")] == "+44 20 7946 0000"


def test_xlsx_goes_on_on_another_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_MOST_ROWS", 4)
    path = tmp_path / "events.xlsx"
    with XlsxWriter(path) as writer:
        for entry in ENTRIES:
            writer.write(entry)
    book = openpyxl.load_workbook(path)
    assert [sheet.max_row for sheet in book.worksheets] == [4, 3]
    assert book.sheetnames == ["Events", "Events 2"]


def test_xlsx_of_absurd_values(tmp_path: Path) -> None:
    odd = batch("b-1")._replace(
        text="\0\x01\ud800" + "x" * 40_000,
        size=2**80,
        cost=Decimal("NaN"),
        timestamp=NOON.replace(year=1),
        received_at=NOON.replace(year=9999),
    )
    path = tmp_path / "events.xlsx"
    with XlsxWriter(path, zone=UTC) as writer:
        writer.write(Entry(1, odd))
    row = next(openpyxl.load_workbook(path).worksheets[0].iter_rows(min_row=2, values_only=True))
    text = str(row[HEADINGS.index("Text")]).replace("_x0001_", "\x01")
    assert text == "?\x01?" + "x" * (32_767 - 3)
    assert row[HEADINGS.index("Batch size")] == str(2**80)
    assert row[HEADINGS.index("Cost")] == "NaN"


def test_xlsx_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="none"):
        XlsxWriter(tmp_path / "none" / "events.xlsx")


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
@pytest.mark.parametrize("year", [1, 9999])
def test_times_at_the_ends_of_the_calendar(zone: timezone, year: int) -> None:
    month, day, hour = (1, 1, 0) if year == 1 else (12, 31, 23)
    event = opt()._replace(timestamp=NOON.replace(year=year, month=month, day=day, hour=hour))
    file = io.StringIO()
    CsvWriter(file, zone=zone).write(Entry(1, event))
    assert f"{year:04}-" in file.getvalue()
