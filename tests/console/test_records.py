"""``search``, ``export`` and ``import``."""

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.console.program import Ctl

GUIDE = Path(__file__).parents[1] / "data" / "guide"
SAMPLES = (
    "batch-message-optout", "opt-in", "batch-messages-1", "batch-messages-2", "message-batch",
)  # fmt: skip
FIELDS = {"uuid", "family", "event", "timestamp", "received_at", "source", "body"}


def envelope(name: str) -> str:
    """An example notification as one line."""
    return json.dumps(json.loads((GUIDE / f"{name}.json").read_text("utf-8")))


def texted(uuid: str, text: str) -> str:
    """A notification of an inbound text, escaped so that it holds nothing but ASCII."""
    sample = json.loads(envelope("batch-messages-1"))
    sample["uuid"] = uuid
    sample["body"] |= {"id": uuid, "text": text}
    return json.dumps(sample)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Ctl:
    """A log with the examples in it, and texts that are hard to write down. Tests only read it."""
    ctl = Ctl(tmp_path_factory.mktemp("filled"))
    file = ctl.folder / "raw.jsonl"
    hard = [
        texted("901", "=HYPERLINK(1)"),
        texted("902", "Zoë \u2028 \U0001f600"),
        texted("903", "\ud800 lone"),
    ]
    file.write_text("\n".join([*map(envelope, SAMPLES), *hard]), encoding="utf-8")
    ended = asyncio.run(ctl("import", str(file), "--json"))
    assert ended.json() == {"new": 8, "known": 0, "unreadable": 0}
    assert ended.status == 0
    return ctl


async def test_search_prints_the_newest_first(filled: Ctl) -> None:
    ended, limited, people, nothing = await asyncio.gather(
        filled("search", "type:optout", "--json"),
        filled("--json", "search", "", "--limit", "1"),
        filled("search", "Thank you"),
        filled("search", "nowhere"),
    )
    assert ended.status == 0
    assert [line["uuid"] for line in ended.lines] == ["12345678901234567891", "12345678901234567890"]
    assert all(line.keys() >= FIELDS for line in ended.lines)
    assert ended.lines[0]["body"] == json.loads(envelope("opt-in"))["body"]
    assert len(limited.lines) == 1
    assert "(240) 668-0432" in people.out
    assert (nothing.status, nothing.out, nothing.err) == (0, "", "Nothing found.\n")


async def test_search_answers_queries_from_stdin(filled: Ctl) -> None:
    queries = ["type:optout", "nowhere", "type:nonsense", "2406680432", "Zoë", ""]
    ended = await filled("search", "-", "--limit", "7", given="\n".join(queries) + "\n")
    assert ended.status == 0
    answers = ended.lines
    assert [answer["query"] for answer in answers] == queries
    assert [answer["count"] for answer in answers] == [2, 0, 0, 4, 1, 7]
    for answer in answers:
        assert answer["count"] == len(answer["events"])
        assert answer["ms"] >= 0
    assert answers[2]["error"].endswith(".")
    assert all(event.keys() >= FIELDS for event in answers[0]["events"])


async def test_an_export_comes_back_as_it_was(filled: Ctl, tmp_path: Path) -> None:
    out = tmp_path / "all.jsonl"
    ended = await filled("export", "--format", "jsonl", "--output", str(out))
    assert ended.status == 0
    assert ended.err == "8 events written.\n"
    again = await filled("import", str(out), "--json")
    assert again.json() == {"new": 0, "known": 8, "unreadable": 0}
    other = Ctl(tmp_path / "other")
    other.folder.mkdir()
    assert (await other("import", str(out), "--json")).json()["new"] == 8
    there = await other("export", "--format", "jsonl")
    # Events of the very same moment stand in the order of their arrival.
    assert sorted(there.out.splitlines()) == sorted(out.read_text("utf-8").splitlines())
    assert len(there.lines) == 8


async def test_tables(filled: Ctl, tmp_path: Path) -> None:
    printed = await filled("export", "--format", "csv")
    rows = list(csv.reader(io.StringIO(printed.out)))
    assert len(rows) == 9
    assert not any(cell.startswith("=") for row in rows for cell in row)
    written = tmp_path / "all.csv"
    assert (await filled("export", "--format", "csv", "--output", str(written))).status == 0
    with written.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.reader(file))) == 9
    book = tmp_path / "optouts.xlsx"
    assert (await filled("export", "type:optout", "--format", "xlsx", "--output", str(book))).status == 0
    workbook = load_workbook(book, read_only=True)
    assert sum(1 for _ in workbook.worksheets[0].iter_rows()) == 3
    workbook.close()


async def test_what_cannot_be_written_is_said(filled: Ctl, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "no such folder" / "x")
    printed, *written = await asyncio.gather(
        filled("export", "--format", "xlsx"),
        filled("export", "--format", "csv", "--output", nowhere),
        filled("export", "--format", "xlsx", "--output", nowhere),
    )
    assert "--output" in printed.sentence
    assert all("no such folder" in ended.sentence for ended in written)


async def test_bad_lines_are_named_and_the_rest_is_taken(ctl: Ctl) -> None:
    file = ctl.folder / "mixed.jsonl"
    lines = [envelope("opt-in"), "", "no json", envelope("message-batch"), '{"some": "thing"}', "[1]"]
    file.write_bytes("\r\n".join(lines).encode() + b"\n\xff\xfe\n" + envelope("batch-messages-1").encode())
    ended = await ctl("import", str(file), "--json")
    assert ended.status == 1
    assert ended.json()["new"] == 3
    assert ended.json()["unreadable"] == len(ended.err.splitlines())
    assert [line.partition(":")[0] for line in ended.err.splitlines()] == [
        "Line 3", "Line 5", "Line 6", "Line 7",
    ]  # fmt: skip
    assert all(line.endswith(".") for line in ended.err.splitlines())
    stats = (await ctl("status", "--json")).json()
    assert (stats["events"], stats["unread"]) == (3, 0)


async def test_files_that_cannot_be_read(ctl: Ctl) -> None:
    assert "nowhere.jsonl" in (await ctl("import", "nowhere.jsonl")).sentence
    assert "data" in (await ctl("import", str(ctl.data))).sentence
