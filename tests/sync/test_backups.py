"""The log as one file under a passphrase, and back again."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import apsw
import pytest

from app.domain.events import Event, ResumePoint
from app.domain.problems import BadInput, LogUnavailable
from app.eventlog import EventLog, backup
from app.sync.backups import restore_backup, restore_waits, save_backup
from app.sync.session import ACCOUNT
from tests.eventlog.events import batch, message, opt

KEY, OTHER_KEY = "ab" * 32, "cd" * 32
WORDS = "correct horse – Zoë"
NOON = datetime(2026, 11, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_ROUNDS", 1_000)


def events(count: int = 2_000) -> list[Event]:
    made = [message(str(n), text=f"Text {n} " * 20, at=NOON + timedelta(seconds=n)) for n in range(count)]
    return [*made, opt(at=NOON), batch("b", at=NOON + timedelta(hours=3))]


async def stored(log: EventLog) -> list[str]:
    return [entry.event.uuid async for chunk in log.reader.stream() for entry in chunk]


@pytest.fixture
def computers(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "old" / "log.db", tmp_path / "new" / "log.db"
    old.parent.mkdir()
    new.parent.mkdir()
    return old, new


@pytest.fixture
async def saved(computers: tuple[Path, Path], tmp_path: Path) -> Path:
    """A backup of a log with events in it, made on the old computer."""
    path = tmp_path / "Textbell.textbell"
    async with await EventLog.open(computers[0], KEY) as log:
        await log.append(events(), resume=ResumePoint("old", 1))
        await log.set_meta(ACCOUNT, "Pat on the old one")
        await log.set_meta("complete_until", "then")
        await save_backup(log, path, WORDS)
    return path


async def test_a_backup_comes_back_on_a_new_computer(computers: tuple[Path, Path], saved: Path) -> None:
    async with await EventLog.open(computers[0], KEY) as log:
        wanted = await stored(log)
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        await log.append([message("90000", text="only here")])
        await log.set_meta(ACCOUNT, "Pat on the new one")
        shares: list[float] = []
        assert not restore_waits(log)
        found = await restore_backup(log, saved, WORDS, shares.append)
        assert found == backup.Restored(2_002, NOON + timedelta(hours=3))
        assert shares == sorted(shares)
        assert shares[-1] == 1.0
        assert restore_waits(log)
        assert await log.reader.count() == 1, "nothing changes before the next start"
        await log.append([message("90001")])
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        assert not restore_waits(log)
        assert await stored(log) == wanted
        assert await log.meta(ACCOUNT) == "Pat on the new one"
        assert await log.meta("complete_until") == "then"
        assert await log.resume_point() is None
        assert await log.due() == ()
        assert len((await log.append([message("95000", at=NOON + timedelta(days=1))])).new) == 1
    aside = computers[1].with_name("log.db.replaced-1")
    async with await EventLog.open(aside, OTHER_KEY) as log:
        assert await log.reader.count() == 2
    names = {path.name for path in computers[1].parent.iterdir()}
    assert not any("restor" in name for name in names)


async def test_events_are_stored_while_it_is_saved(
    computers: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_A_STEP", 10)
    writing: list[asyncio.Task[object]] = []
    path = tmp_path / "busy.textbell"
    async with await EventLog.open(computers[0], KEY) as log, asyncio.TaskGroup() as tasks:
        await log.append(events())

        def meanwhile(_: float) -> None:
            n = len(writing)
            writing.append(
                tasks.create_task(log.append([message(str(50_000 + n), at=NOON + timedelta(days=n))]))
            )

        await save_backup(log, path, WORDS, meanwhile)
        assert len(writing) > 10
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        found = await restore_backup(log, path, WORDS)
    assert 2_002 <= found.events <= 2_002 + len(writing)
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        assert len(set(await stored(log))) == found.events


async def test_the_file_says_nothing_without_the_passphrase(
    computers: tuple[Path, Path], saved: Path
) -> None:
    data = saved.read_bytes()
    assert b"Text 7" not in data
    assert b"SQLite" not in data
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        for wrong in ("correct horse", WORDS.upper(), "", KEY, "raw:" + KEY):
            with pytest.raises(BadInput, match="does not open with this passphrase"):
                await restore_backup(log, saved, wrong)
        decomposed = WORDS.replace("ë", "e\u0308")
        assert (await restore_backup(log, saved, decomposed)).events == 2_002


@pytest.mark.parametrize("words", ["", "short", "aaaaaaaaaaaa"])
async def test_a_passphrase_that_protects_nothing(
    computers: tuple[Path, Path], tmp_path: Path, words: str
) -> None:
    async with await EventLog.open(computers[0], KEY) as log:
        with pytest.raises(BadInput, match="longer passphrase"):
            await save_backup(log, tmp_path / "x.textbell", words)
    assert not (tmp_path / "x.textbell").exists()


async def test_what_is_no_backup(computers: tuple[Path, Path], saved: Path, tmp_path: Path) -> None:
    text, short, plain = tmp_path / "letter.textbell", tmp_path / "short", tmp_path / "plain.db"
    text.write_text("Dear Sir, " * 5_000)
    short.write_text("x")
    database = apsw.Connection(str(plain))
    database.execute("CREATE TABLE x (y)")
    database.close()
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        for path in (text, short, plain, tmp_path / "gone", tmp_path, computers[0]):
            with pytest.raises(BadInput):
                await restore_backup(log, path, WORDS)
        damaged = bytearray(saved.read_bytes())
        for at in range(50_000, len(damaged) - 4096, 4096):
            damaged[at : at + 64] = b"\0" * 64
        saved.write_bytes(damaged)
        with pytest.raises(BadInput, match="damaged"):
            await restore_backup(log, saved, WORDS)
        assert not restore_waits(log)
    assert {path.name for path in computers[1].parent.iterdir()} == {"log.db", "log.db.seal"}


async def test_a_newer_backup(computers: tuple[Path, Path], saved: Path) -> None:
    connection = backup._unlocked(saved, WORDS)
    connection.pragma("user_version", 99)
    connection.close()
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        with pytest.raises(BadInput, match="newer Textbell"):
            await restore_backup(log, saved, WORDS)


async def test_given_up_nothing_is_left(
    computers: tuple[Path, Path], saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "PAGES_A_STEP", 10)
    loop = asyncio.get_running_loop()
    folder = tmp_path / "backups"
    folder.mkdir()
    async with await EventLog.open(computers[0], KEY) as log:
        task: asyncio.Task[object] = loop.create_task(
            save_backup(log, folder / "x.textbell", WORDS, lambda _: task.cancel())
        )
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(folder.iterdir()) == []
        await log.append([message("70000")])
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        again: asyncio.Task[object] = loop.create_task(
            restore_backup(log, saved, WORDS, lambda _: again.cancel())
        )
        with pytest.raises(asyncio.CancelledError):
            await again
        assert not restore_waits(log)
    assert {path.name for path in computers[1].parent.iterdir()} == {"log.db", "log.db.seal"}


async def test_an_old_file_is_replaced_and_a_bad_place_is_told(
    computers: tuple[Path, Path], saved: Path, tmp_path: Path
) -> None:
    async with await EventLog.open(computers[0], KEY) as log:
        saved.write_text("last week's")
        await save_backup(log, saved, WORDS)
        with pytest.raises(BadInput, match="There is no folder"):
            await save_backup(log, tmp_path / "gone" / "x.textbell", WORDS)
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        assert (await restore_backup(log, saved, WORDS)).events == 2_002


async def test_it_waits_while_another_process_has_the_log_open(
    computers: tuple[Path, Path], saved: Path
) -> None:
    path = computers[1]
    async with await EventLog.open(path, OTHER_KEY) as log:
        await restore_backup(log, saved, WORDS)
        async with await EventLog.open(path, OTHER_KEY) as second:
            assert await second.reader.count() == 0
            assert restore_waits(second)
            await second.append([message("1")])
        await log.append([message("2")])
    async with await EventLog.open(path, OTHER_KEY) as log:
        assert await log.reader.count() == 2_002


async def test_no_room_for_it(
    computers: tuple[Path, Path], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quickly = backup._quickly

    def narrowly(connection: apsw.Connection) -> None:
        quickly(connection)
        connection.pragma("max_page_count", 50)

    monkeypatch.setattr(backup, "_quickly", narrowly)
    async with await EventLog.open(computers[1], OTHER_KEY) as log:
        with pytest.raises(LogUnavailable, match="is full"):
            await restore_backup(log, saved, WORDS)
        await log.append(events())
        full = saved.with_name("full.textbell")
        with pytest.raises(BadInput, match="choose another folder"):
            await save_backup(log, full, WORDS)
    assert {path.name for path in computers[1].parent.iterdir()} == {"log.db", "log.db.seal"}
    assert {path.name for path in saved.parent.iterdir()} == {"old", "new", saved.name}
