"""How long from the start of the process until its icon is in the tray, next to a bare tray program.

``python -m tests.bench.bench_start [RUNS]`` (9 of each unless said, in turns). The panel's side is what
counts: an icon is there when the StatusNotifierWatcher has answered its registration, and it can be
seen when the panel got its picture.
"""

import asyncio
import subprocess
import sys
import time
from statistics import median
from typing import Any

from dbus_fast import Message, MessageType

from tests.bench.place import Place, place, until
from tests.bench.report import Line, print_table

TARGET = 1.5
_ITEM = "org.kde.StatusNotifierItem"


class _Panel:
    """Follows one program's icon into the tray by what passes the bus."""

    def __init__(self) -> None:
        self.registered = self.seen = 0.0
        self._call: tuple[str, int] | None = None
        self._asked: set[tuple[str, int]] = set()

    def forget(self) -> None:
        """The next program's turn."""
        self.registered = self.seen = 0.0
        self._call = None
        self._asked.clear()

    def see(self, message: Message) -> None:
        """Take in one message of the bus."""
        if message.message_type is MessageType.METHOD_CALL:
            if message.member == "RegisterStatusNotifierItem":
                self._call = (str(message.sender), message.serial)
            elif message.body[:1] == [_ITEM] and message.body[1:] in ([], ["IconPixmap"]):
                self._asked.add((str(message.sender), message.serial))
        elif message.message_type is MessageType.METHOD_RETURN:
            answered = (str(message.destination), message.reply_serial)
            if answered == self._call:
                self.registered = time.monotonic()
            elif answered in self._asked and not self.seen:
                self.seen = time.monotonic()


async def _once(where: Place, panel: _Panel, *, bare: bool) -> dict[str, float]:
    panel.forget()
    start = time.monotonic()
    process: subprocess.Popen[Any] = where.bare_tray() if bare else where.textbell()
    await until("an icon is registered", lambda: panel.registered)
    await until("an icon is drawn", lambda: panel.seen)
    found = {"registered": panel.registered - start, "seen": panel.seen - start}
    if not bare:
        found["live"] = await where.live() - start
    await asyncio.sleep(0.3)
    await where.end(process)
    await asyncio.sleep(0.3)
    return found


async def measure(runs: int = 9) -> list[Line]:
    """Start both in turns."""
    panel = _Panel()
    ours: list[dict[str, float]] = []
    bare: list[dict[str, float]] = []
    async with place() as where:
        bus = await where.monitor(panel.see)
        for _ in range(runs + 1):
            bare.append(await _once(where, panel, bare=True))
            ours.append(await _once(where, panel, bare=False))
        bus.disconnect()
    # The first of each reads its files from the disk.
    del bare[0], ours[0]

    def line(what: str, name: str, target: float | None = None) -> Line:
        figure, floor = (median(run[name] for run in group) for group in (ours, bare))
        ratio = figure / floor
        told = "" if target is None else f"<= {target}"
        met = None if target is None else ratio <= target
        return Line(what, f"{figure * 1000:.0f} ms", f"{floor * 1000:.0f} ms", ratio, told, met)

    live = median(run["live"] for run in ours)
    return [
        line("start to icon in the tray", "registered", TARGET),
        line("start to icon drawn", "seen", TARGET),
        Line("start to watching", f"{live * 1000:.0f} ms"),
    ]


if __name__ == "__main__":
    print_table(asyncio.run(measure(*map(int, sys.argv[1:2]))))
