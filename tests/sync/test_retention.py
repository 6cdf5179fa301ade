"""How long events are kept."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.domain.events import Appended
from app.domain.problems import BadInput
from app.eventlog import EventLog
from app.ringcentral.bodies import event_to_line
from app.settings import SettingsFile
from app.sync import retention
from app.sync.keeping import Keeping
from app.sync.retention import OldEvents, cut_off
from tests.eventlog.events import message, opt

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
YEAR = timedelta(days=366)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EventLog]:
    async with await EventLog.open(tmp_path / "log.db", "ab" * 32) as opened:
        yield opened


def old(count: int, years: int, first: int = 1) -> list:  # type: ignore[type-arg]
    return [message(str(first + n), at=NOW - years * YEAR + timedelta(seconds=n)) for n in range(count)]


def test_years_are_those_of_the_calendar() -> None:
    assert cut_off(NOW, 5) == datetime(2021, 11, 23, 12, tzinfo=UTC)
    assert cut_off(datetime(2024, 2, 29, tzinfo=UTC), 1) == datetime(2023, 2, 28, tzinfo=UTC)
    assert cut_off(NOW, 1000).year == 1026
    assert cut_off(NOW, 9000).year == 1


async def test_what_the_setting_says(log: EventLog, tmp_path: Path) -> None:
    settings = SettingsFile(tmp_path / "settings.json")
    assert settings.value.keep_years == 5, "the default"
    await log.append([*old(10, 6), *old(10, 3, 100), *old(10, 0, 200), opt(at=NOW - 7 * YEAR)])
    keeping = Keeping(log, settings, lambda: NOW, lambda _: None)
    assert [await keeping.outdated(years) for years in (None, 5, 2, 1, 1000)] == [0, 10, 20, 20, 0]
    told: list[tuple[int, int]] = []
    assert await keeping.keep_years(None, lambda gone, total: told.append((gone, total))) == 0
    assert settings.value.keep_years is None
    assert await keeping.keep_years(2, lambda gone, total: told.append((gone, total))) == 20
    assert told == [(20, 20)]
    assert await log.reader.count() == 11
    assert SettingsFile(tmp_path / "settings.json").value.keep_years == 2
    with pytest.raises(BadInput):
        await keeping.keep_years(0)
    assert await log.reader.count() == 11


async def test_a_clock_years_ahead_does_not_empty_the_log(log: EventLog) -> None:
    await log.append([*old(10, 2), *old(10, 0, 100)])
    keeper = OldEvents(log, lambda: 1, lambda: NOW + 20 * YEAR)
    assert await keeper.let_go() == 10
    assert await log.reader.count() == 10


async def test_an_empty_log(log: EventLog) -> None:
    assert await OldEvents(log, lambda: 1, lambda: NOW).let_go() == 0


async def test_once_a_day(log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = asyncio.sleep

    async def hasten(seconds: float) -> None:
        if seconds > 1:
            waits.append(seconds)
            if len(waits) == 3:
                raise asyncio.CancelledError
            await log.append(old(5, 6, len(waits) * 100))
        await sleep(0)

    monkeypatch.setattr(retention.asyncio, "sleep", hasten)
    await log.append(old(1, 0))
    with pytest.raises(asyncio.CancelledError):
        await OldEvents(log, lambda: 5, lambda: NOW).run()
    assert waits == [retention.FIRST_AFTER, retention.EVERY, retention.EVERY]
    assert await log.reader.count() == 1


async def test_given_up_it_goes_on_another_time(log: EventLog) -> None:
    await log.append([*old(600, 6), *old(1, 0, 9000)])
    keeper = OldEvents(log, lambda: 5, lambda: NOW)
    task = asyncio.get_running_loop().create_task(keeper.let_go(lambda _gone, _total: task.cancel()))
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await log.reader.count() == 351
    assert await keeper.let_go() == 350


async def test_whoever_looks_is_told_of_an_import(log: EventLog, tmp_path: Path) -> None:
    told: list[Appended] = []
    keeping = Keeping(log, SettingsFile(tmp_path / "settings.json"), lambda: NOW, told.append)
    file = tmp_path / "some.jsonl"
    file.write_text("\n".join(map(event_to_line, old(3, 0))))
    assert (await keeping.import_file(file)).new == 3
    assert [len(appended.new) for appended in told] == [3]
