"""Events from a file into the log: our JSON lines, or notifications as they were received, one a line."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from app.domain.events import Appended, Event
from app.domain.problems import BadInput
from app.eventlog import EventLog
from app.ringcentral.bodies import event_from_line
from app.sync.threads import in_thread

GROUP = 500
MOST_NAMED = 100
"""So many wrong lines are named; the others are counted."""
_PATIENCE = 1_000
"""After so many lines without an event it is another kind of file."""
_LONGEST = 4 * 1024 * 1024
"""Characters of a line; the service sends nothing near it."""


@dataclass(frozen=True, slots=True)
class WrongLine:
    """A line that is no event."""

    number: int
    """The first is 1."""
    reason: str
    """A sentence."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file, or has come of it so far."""

    new: int = 0
    known: int = 0
    wrong: int = 0
    named: tuple[WrongLine, ...] = ()
    """The first wrong ones."""
    share: float = 0.0
    """How much of the file was read, from 0 to 1."""


async def import_file(
    log: EventLog,
    path: Path,
    progress: Callable[[Imported], object] | None = None,
    stored: Callable[[Appended], object] | None = None,
) -> Imported:
    """Add the events of a file to the log; those it has already are skipped, wrong lines are passed over.

    Nobody is notified of them, and they are not new to anybody. Cancelled, it keeps what was added so far.
    ``stored`` is called after each write.

    Raises:
        BadInput: the file cannot be read, or holds something else.
        LogUnavailable: as the log does.
    """
    reading: _Lines | None = None
    try:
        opened = reading = await in_thread(lambda: _Lines(path))
        found = Imported()
        more = True
        while more:
            events, wrong, more = await in_thread(opened.take)
            if events:
                appended = await log.append(events, durable=not more, news=False)
                found = replace(found, new=found.new + len(appended.new), known=found.known + appended.known)
                if stored is not None and appended.new:
                    stored(appended)
            found = replace(
                found,
                wrong=found.wrong + len(wrong),
                named=(*found.named, *wrong)[:MOST_NAMED],
                share=opened.share,
            )
            if found.wrong >= _PATIENCE and not found.new + found.known:
                raise BadInput(f"“{path.name}” is not a file of events: its first lines are something else.")
            if progress is not None:
                progress(found)
    except OSError as error:
        raise BadInput(f"“{path}” cannot be read: {error.strerror or error}.") from error
    finally:
        if reading is not None:
            reading.close()
    return found


class _Lines:
    """Reads a file some lines at a time; used in one thread at a time."""

    def __init__(self, path: Path) -> None:
        # Files that were edited on Windows begin with a mark.
        self._file: TextIO = path.open(encoding="utf-8-sig", errors="replace")
        self._size = max(1, path.stat().st_size)
        self._number = 0
        self.share = 0.0

    def take(self) -> tuple[list[Event], list[WrongLine], bool]:
        """The next events and wrong lines, and whether there may be more."""
        events: list[Event] = []
        wrong: list[WrongLine] = []
        now = datetime.now(UTC)
        while len(events) + len(wrong) < GROUP:
            line = self._file.readline(_LONGEST)
            if not line:
                self.share = 1.0
                return events, wrong, False
            self._number += 1
            if len(line) == _LONGEST and not line.endswith("\n"):
                wrong.append(WrongLine(self._number, "It is far too long to be an event."))
                while line and not line.endswith("\n"):
                    line = self._file.readline(_LONGEST)
            elif line.strip():
                try:
                    events.append(event_from_line(line, received_at=now))
                except BadInput as error:
                    wrong.append(WrongLine(self._number, str(error)))
        # A pipe has no size and no place in it.
        self.share = min(1.0, self._file.buffer.tell() / self._size) if self._file.seekable() else 0.0
        return events, wrong, True

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
