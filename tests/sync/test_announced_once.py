"""Killed at any moment: each event is announced once at most, and only what was being shown is not at all."""

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.domain.events import Entry
from app.eventlog import EventLog
from tests.sync.announcer import KEY, POINTS

ROOT = Path(__file__).parents[2]
ALL = {1, 2, 3, 4, 5, 6, 7}
"""The events of the story ``a_day``, by its numbers: id of an entry = second of its event."""
SHOWN_TOGETHER = [{1}, {2}, {3, 4, 5}]


class Scene:
    """One log, and the processes that announce what is in it, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log.db"
        self._record = folder / "record.jsonl"

    def start(self, story: str, point: str = "", number: int = 0) -> subprocess.Popen[bytes]:
        arguments = [str(self.log), str(self._record), story, point, str(number)]
        return subprocess.Popen([sys.executable, "-m", "tests.sync.announcer", *arguments], cwd=ROOT)

    def run(self, story: str, point: str = "", number: int = 0) -> int:
        process = self.start(story, point, number)
        return process.wait(30)

    @property
    def record(self) -> list[dict[str, Any]]:
        if not self._record.exists():
            return []
        # A process may be killed in the middle of a line.
        lines = self._record.read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line.endswith("}")]

    @property
    def shown(self) -> list[dict[str, Any]]:
        return [line for line in self.record if line["what"] == "show"]

    def announced(self) -> Counter[int]:
        """How many notifications each entry was in. One that is drawn again with more in it is the same."""
        notices: dict[tuple[int, str], set[int]] = defaultdict(set)
        for line in self.shown:
            notices[line["run"], line["tag"]].update(line["ids"])
        return Counter(entry_id for ids in notices.values() for entry_id in ids)

    async def stored(self) -> list[Entry]:
        async with await EventLog.open(self.log, KEY) as log:
            assert await log.due() == ()
            return [entry async for piece in log.reader.stream() for entry in piece]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def _numbers(entries: Sequence[Entry]) -> dict[int, int]:
    return {entry.id: entry.event.timestamp.second for entry in entries}


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_a_point(scene: Scene, point: str, number: int) -> None:
    assert scene.run("a_day", point, number) == -9
    for story in ("the_end", "a_day", "the_end"):
        assert scene.run(story) == 0
    second = _numbers(await scene.stored())
    assert set(second.values()) == ALL
    announced = {second[entry_id]: count for entry_id, count in scene.announced().items()}
    lost = SHOWN_TOGETHER[number - 1] if point == "after the mark" else set()
    assert announced == dict.fromkeys(ALL - lost, 1)


async def test_killed_in_the_middle_of_catching_up(scene: Scene) -> None:
    assert scene.run("half_a_gap") == -9
    assert scene.shown == []
    assert scene.run("the_other_half") == 0
    [digest] = scene.shown
    assert digest["title"] == "While you were away"
    second = _numbers(await scene.stored())
    assert sorted(second[entry_id] for entry_id in digest["ids"]) == [1, 2, 3, 4]


@pytest.mark.parametrize("seed", range(3))
async def test_killed_at_random(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(6):
        began = len(scene.record)
        process = scene.start("a_storm")
        async with asyncio.timeout(20):
            while len(scene.record) == began:
                await asyncio.sleep(0.005)
        await asyncio.sleep(chance.random() ** 2 * 0.5)
        assert process.poll() is None
        process.kill()
        process.wait()
    assert scene.run("the_end") == 0
    entries = await scene.stored()
    assert len(entries) > 20
    announced = scene.announced()
    assert set(announced.values()) == {1}
    # Each run may have died between striking off and showing, once.
    last_struck = {line["run"]: set(line["ids"]) for line in scene.record if line["what"] == "strike"}
    assert {entry.id for entry in entries} - set(announced) <= set().union(*last_struck.values())
