"""A log of an earlier version is brought up to date when it is opened, or left as it was."""

import shutil
from pathlib import Path

import apsw
import pytest

from app.domain.events import OPTED_IN, OPTED_OUT, ResumePoint, Source
from app.domain.gaps import GapReason
from app.domain.problems import LogUnavailable
from app.eventlog import EventLog, parse_query, schema, storage
from tests.eventlog.conftest import KEY
from tests.eventlog.events import CUSTOMER, NOON, message, timedelta

VERSION_1 = Path(__file__).parents[1] / "data" / "logs" / "version-1.db"


@pytest.fixture
def old(path: Path) -> Path:
    """A log as the first version of the program left it."""
    shutil.copy(VERSION_1, path)
    shutil.copy(VERSION_1.with_name("version-1.db.seal"), path.with_name("log.db.seal"))
    return path


def version_of(path: Path) -> int:
    connection = apsw.Connection(str(path))
    try:
        connection.pragma("key", f"raw:{KEY}")
        return int(connection.pragma("user_version"))
    finally:
        connection.close()


async def test_everything_is_there_afterwards(old: Path) -> None:
    assert version_of(old) == 1
    async with await EventLog.open(old, KEY) as log:
        assert log.set_aside is None
        entries = (await log.reader.page()).entries
        assert len(entries) == (await log.reader.stats()).events == 16
        assert {entry.event.source for entry in entries} == set(Source)
        assert [entry.event.text for entry in (await log.reader.page(parse_query("friday"))).entries] == [
            "Are you open on Friday?"
        ]
        summary = await log.reader.batch("5501")
        assert summary is not None
        assert (summary.size, summary.delivered, summary.failed) == (3, 1, 1)
        [consent] = await log.reader.consent(CUSTOMER)
        assert consent.state == OPTED_IN
        assert len(await log.due()) == 1
        assert await log.resume_point() == ResumePoint("wsc-token", 7)
        assert await log.meta("complete_until") == "2026-11-03T12:09:00.000Z"
        assert await log.reader.gaps() == ()
    assert version_of(old) == schema.VERSION


async def test_it_is_written_to_like_a_new_one(old: Path) -> None:
    async with await EventLog.open(old, KEY) as log:
        known = message("7101", state="Queued", at=NOON + timedelta(minutes=1), batch_id="5501")
        assert (await log.append([known, message("7999")])).known == 1
        gap = await log.open_gap(NOON, GapReason.ASLEEP)
        assert await log.reader.gaps() == (gap,)
    async with await EventLog.open(old, KEY) as log:
        assert (await log.reader.stats()).events == 17
        assert await log.reader.gaps() == (gap,)
        consents = (await log.reader.page(parse_query("type:optout"))).entries
        assert {entry.event.state for entry in consents} == {OPTED_OUT, OPTED_IN}


async def test_texts_that_were_never_settled_are_known_afterwards(old: Path) -> None:
    async with await EventLog.open(old, KEY) as log:
        refs = await log.reader.unsettled_messages(NOON - timedelta(days=1), NOON + timedelta(days=1))
        assert set(refs) == {"7201", "A-7203"}


async def test_a_crash_in_the_middle_of_the_migration_leaves_the_log_as_it_was(old: Path) -> None:
    """The process ends without any of its own doing, before the transaction is committed."""
    connection = storage.connect(old, KEY)
    connection.pragma("journal_mode", "wal")
    connection.execute("BEGIN IMMEDIATE")
    schema.migrate(connection, 1)
    crashed = old.with_name("crashed.db")
    for part in (old, *old.parent.glob("log.db-wal"), *old.parent.glob("log.db.seal")):
        shutil.copy(part, crashed.with_name(part.name.replace("log.db", "crashed.db")))
    connection.execute("ROLLBACK")
    connection.close()
    assert version_of(crashed) == 1
    async with await EventLog.open(crashed, KEY) as log:
        assert (await log.reader.stats()).events == 16
    assert version_of(crashed) == schema.VERSION


async def test_two_programs_that_open_it_at_once_migrate_it_once(old: Path) -> None:
    async with await EventLog.open(old, KEY) as first, await EventLog.open(old, KEY) as second:
        await first.append([message("1")])
        await second.append([message("2")])
        assert (await first.reader.stats()).events == 18


async def test_a_newer_one_is_refused(old: Path) -> None:
    async with await EventLog.open(old, KEY):
        pass
    connection = storage.connect(old, KEY)
    connection.pragma("user_version", schema.VERSION + 1)
    connection.close()
    with pytest.raises(LogUnavailable, match="newer Textbell"):
        await EventLog.open(old, KEY)
    assert version_of(old) == schema.VERSION + 1
