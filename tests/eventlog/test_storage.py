"""Files, folders and disks that are not as they should be: a sentence each, and nothing lost."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, schema, storage
from tests.eventlog.conftest import KEY
from tests.eventlog.events import NOON, message, opt, timedelta

OTHER_KEY = "b2" * 32


async def filled(path: Path, key: str = KEY, events: int = 300) -> None:
    async with await EventLog.open(path, key) as log:
        await log.append(
            [message(str(number), at=NOON + timedelta(seconds=number)) for number in range(events)]
        )


def files(folder: Path) -> dict[str, bytes]:
    return {part.name: part.read_bytes() for part in folder.iterdir() if part.is_file()}


async def refusal(path: Path, key: str = KEY) -> str:
    """The sentence with which the log is not opened; the folder must be untouched."""
    before = files(path.parent)
    with pytest.raises(LogUnavailable) as caught:
        await EventLog.open(path, key)
    assert files(path.parent) == before
    return str(caught.value)


# ------------------------------------------------------------------ the key


@pytest.mark.parametrize("key", [KEY, "a passphrase", 'it\'s; DROP TABLE "event" -- é', " ", "raw:x"])
async def test_nothing_can_be_read_without_the_key(path: Path, key: str) -> None:
    async with await EventLog.open(path, key) as log:
        await log.append([message("7086", text="Confidential words")])
        content = b"".join(files(path.parent).values())
    content += b"".join(files(path.parent).values())
    assert b"Confidential" not in content
    assert b"6505550100" not in content
    assert b"CREATE TABLE" not in content
    assert key == " " or key.encode() not in content
    async with await EventLog.open(path, key) as log:
        assert len((await log.reader.page()).entries) == 1


async def test_another_key(path: Path) -> None:
    await filled(path)
    assert "locked with another key" in await refusal(path, OTHER_KEY)
    async with await EventLog.open(path, KEY) as log:
        assert (await log.reader.stats()).events == 300


async def test_an_empty_key_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="key"):
        await EventLog.open(path, "")
    assert not path.exists()


async def test_a_log_that_was_moved_without_its_seal(path: Path) -> None:
    await filled(path)
    seal = path.with_name("log.db.seal")
    seal.unlink()
    assert "locked with another key" in await refusal(path, OTHER_KEY)
    async with await EventLog.open(path, KEY) as log:
        assert (await log.reader.stats()).events == 300
    assert seal.exists()


# ------------------------------------------------------------------ somebody else's file


async def test_another_programs_database(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    assert "another program’s database" in await refusal(path)


async def test_an_encrypted_database_of_another_program(path: Path) -> None:
    database = apsw.Connection(str(path))
    database.pragma("key", f"raw:{KEY}")
    database.execute("CREATE TABLE t (x)")
    database.close()
    assert "another program’s database" in await refusal(path)


async def test_a_file_that_is_no_database(path: Path) -> None:
    path.write_text("Dear diary,\n" * 1000)
    assert "not a log of Textbell’s" in await refusal(path)


async def test_a_folder_in_its_place(path: Path) -> None:
    path.mkdir()
    assert "is a folder" in await refusal(path)


async def test_a_newer_version(path: Path) -> None:
    await filled(path)
    database = apsw.Connection(str(path))
    database.pragma("key", f"raw:{KEY}")
    database.pragma("user_version", schema.VERSION + 1)
    database.close()
    assert "newer Textbell" in await refusal(path)


# ------------------------------------------------------------------ damage


@pytest.mark.parametrize("place", ["start", "header", "cut", "zeros"])
async def test_a_damaged_log_is_set_aside_and_a_new_one_begun(path: Path, place: str) -> None:
    await filled(path)
    content = bytearray(path.read_bytes())
    if place == "start":
        content[:100] = b"x" * 100
    elif place == "header":
        content[2000:2100] = bytes(100)
    elif place == "cut":
        del content[1000:]
    else:
        content[:] = bytes(len(content))
    path.write_bytes(content)
    for number in (1, 2):
        async with await EventLog.open(path, KEY) as log:
            aside = path.with_name(f"log.db.damaged-{number}")
            assert log.set_aside == aside
            assert aside.read_bytes() == content
            assert (await log.reader.stats()).events == 0
            await log.append([opt()])
        async with await EventLog.open(path, KEY) as log:
            assert log.set_aside is None
            assert (await log.reader.stats()).events == 1
        path.write_bytes(content)


async def test_damage_that_shows_only_later(path: Path) -> None:
    await filled(path)
    content = bytearray(path.read_bytes())
    # All pages but the first, in which the schema is, and those that opening looks at.
    for start in range(8 * 4096, len(content) - 6 * 4096, 4096):
        content[start + 100 : start + 200] = os.urandom(100)
    path.write_bytes(content)
    sentences = []
    for _ in range(3):
        async with await EventLog.open(path, KEY) as log:
            if log.set_aside is not None:
                break
            try:
                async for _entries in log.reader.stream():
                    pass
            except LogUnavailable as problem:
                sentences.append(str(problem))
    else:
        pytest.fail("the damaged log was never set aside")
    assert all("damaged" in sentence for sentence in sentences)


async def test_an_empty_file_is_a_new_log(path: Path) -> None:
    path.touch()
    async with await EventLog.open(path, KEY) as log:
        assert log.set_aside is None
        await log.append([opt()])


async def test_a_log_that_was_only_begun(path: Path) -> None:
    """The program was killed between making the file and making the tables."""
    database = apsw.Connection(str(path))
    database.pragma("key", f"raw:{KEY}")
    database.pragma("journal_mode", "wal")
    database.close()
    async with await EventLog.open(path, KEY) as log:
        await log.append([opt()])
        assert (await log.reader.stats()).events == 1


async def test_folders_are_made(tmp_path: Path) -> None:
    async with await EventLog.open(tmp_path / "a" / "b" / "log.db", KEY) as log:
        assert (await log.reader.stats()).events == 0


# ------------------------------------------------------------------ folders and disks


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder in which nothing can be made, for root neither."""
    folder = tmp_path / "read-only"
    folder.mkdir()
    if os.geteuid() == 0:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=False)
        if mounted.returncode:
            pytest.skip(
                "needs the right to mount a file system, as root cannot be kept from writing otherwise"
            )
    yield folder
    if os.geteuid() == 0:
        subprocess.run(["umount", folder], check=True)
    else:
        folder.chmod(0o700)


def forbid(folder: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    else:
        folder.chmod(0o500)


async def test_a_folder_without_permission_to_write(read_only: Path) -> None:
    forbid(read_only)
    with pytest.raises(LogUnavailable, match="may not write") as caught:
        await EventLog.open(read_only / "log.db", KEY)
    assert str(read_only) in str(caught.value)


async def test_an_old_log_in_a_folder_without_permission_to_write(read_only: Path) -> None:
    await filled(read_only / "log.db")
    forbid(read_only)
    with pytest.raises(LogUnavailable, match="may not write"):
        await EventLog.open(read_only / "log.db", KEY)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", folder], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_full_disk_loses_nothing_and_recovers(small_disk: Path) -> None:
    path = small_disk / "log.db"
    async with await EventLog.open(path, KEY) as log:
        stored = 0
        refused: LogUnavailable | None = None
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(1_000_000))
        for start in range(0, 20_000, 100):
            piece = [
                message(str(number), at=NOON + timedelta(seconds=number), text=f"Number {number} " * 20)
                for number in range(start, start + 100)
            ]
            try:
                await log.append(piece)
            except LogUnavailable as problem:
                refused = problem
                break
            stored += len(piece)
        assert refused is not None
        assert "is full" in str(refused)
        assert (await log.reader.stats()).events == stored
        assert len((await log.reader.page(limit=30_000)).entries) == stored
        ballast.unlink()
        assert len((await log.append(piece)).new) == len(piece)
    async with await EventLog.open(path, KEY) as log:
        assert (await log.reader.stats()).events == stored + len(piece)


async def test_no_room_for_a_new_log(small_disk: Path) -> None:
    free = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(bytes(free - 8192))
    with pytest.raises(LogUnavailable, match="is full"):
        await EventLog.open(small_disk / "log.db", KEY)


async def test_another_process_that_does_not_let_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "BUSY_MS", 50)
    async with await EventLog.open(path, KEY) as log:
        other = apsw.Connection(str(path))
        other.pragma("key", f"raw:{KEY}")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable, match="Another program is holding the log"):
            await log.append([opt()])
        other.execute("ROLLBACK")
        other.close()
        assert len((await log.append([opt()])).new) == 1


async def test_an_empty_file_may_be_another_process_in_its_first_moment(path: Path) -> None:
    path.touch()
    other = storage.connect(path, KEY)
    opened = storage.open_log(path, KEY)
    try:
        assert other.execute("SELECT count(*) FROM event").fetchone() == (0,)
    finally:
        other.close()
        opened.reader.close()
        opened.writer.close()
