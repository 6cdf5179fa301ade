"""What the running program says of itself, for whoever asks from outside."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.console.running import running_status
from app.domain.status import CatchingUp, Reach, Status
from app.program.status_file import StatusFile

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_everything_a_person_may_want_to_know(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    file = StatusFile(path)
    file.write(
        Status(
            Reach.LIVE,
            NOON,
            account="Ada",
            catching_up=CatchingUp(NOON - timedelta(hours=60), 48_210, NOON + timedelta(seconds=40)),
        )
    )
    told = running_status(path)
    assert told["pid"] == os.getpid()
    assert told["catching_up"] == {
        "since": "2026-11-21T00:00:00.000Z",
        "left": 48_210,
        "waiting_until": "2026-11-23T12:00:40.000Z",
    }
    assert told["offline_since"] is None
    file.write(
        Status(Reach.RECONNECTING, NOON, offline_since=NOON, waiting_until=NOON + timedelta(minutes=1))
    )
    told = json.loads(path.read_text("utf-8"))
    assert told["catching_up"] is None
    assert (told["offline_since"], told["waiting_until"]) == (
        "2026-11-23T12:00:00.000Z",
        "2026-11-23T12:01:00.000Z",
    )
    file.remove()
    assert running_status(path) == {}
