"""The status of the running program as a small file, for ``textbellctl status``."""

import contextlib
import json
import os
from datetime import datetime
from pathlib import Path

from app.domain.clock import isoformat
from app.domain.status import Status


class StatusFile:
    """Writes each status to a file, and removes it at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = ""

    def write(self, status: Status) -> None:
        """Put the status on the disk. A disk that refuses is no reason to stop."""
        text = json.dumps(
            {
                "pid": os.getpid(),
                "reach": status.reach.value,
                "since": isoformat(status.since),
                "account": status.account,
                "problem": status.problem.message if status.problem else None,
                "numbers": len(status.numbers),
                "offline_since": _written(status.offline_since),
                "waiting_until": _written(status.waiting_until),
                "catching_up": status.catching_up
                and {
                    "since": isoformat(status.catching_up.since),
                    "left": status.catching_up.left,
                    "waiting_until": _written(status.catching_up.waiting_until),
                },
            }
        )
        if text == self._written:
            return
        self._written = text
        fresh = self._path.with_name(self._path.name + ".new")
        with contextlib.suppress(OSError):
            fresh.write_text(text, encoding="utf-8")
            fresh.replace(self._path)

    def remove(self) -> None:
        """The program ends."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else isoformat(moment)
