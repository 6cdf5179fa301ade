"""Notices where the desktop has nothing to show them with; real daemons are met in tests/desktop."""

import gc
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from app.desktop.popup import PopupNotifier
from app.desktop.toasts import FIRST_BACKOFF, FallbackNotifier, NativeNotifier
from app.notices.port import Notice, NoticeKind

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a dead D-Bus address"),
    # The off-screen platform says so at each window.
    pytest.mark.qt_log_ignore("This plugin does not support"),
]

NOTICE = Notice("a", NoticeKind.OPTED_OUT, "(212) 555-0100 opted out", "Since 4:12 pm.", (7,))
UPDATE = Notice("a", NoticeKind.OPTED_OUT, "2 customers opted out", "", (8, 7), quiet=True)
TEST = Notice("test", NoticeKind.TEST, "Textbell can reach you", "")


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class SteadyClock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> SteadyClock:
    return SteadyClock()


@pytest.fixture(autouse=True)
def _no_bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Here, not in a thread that a notifier starts: the Qt loops of earlier tests have timers.
    gc.collect()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")


@pytest_asyncio.fixture
async def native(clock: SteadyClock) -> AsyncIterator[NativeNotifier]:
    notifier = NativeNotifier(print, monotonic=clock)
    yield notifier
    await notifier.close()


@pytest.fixture
def popups(qapp: QApplication) -> Iterator[PopupNotifier]:
    notifier = PopupNotifier(print, seconds=60)
    yield notifier
    notifier.close()


async def test_nobody_there_is_told_the_truth(native: NativeNotifier) -> None:
    assert not await native.show(NOTICE)
    await native.withdraw("a")


async def test_it_asks_ever_more_rarely(
    native: NativeNotifier, clock: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "app.desktop.toasts")
    pauses = []
    for _ in range(8):
        assert not await native.show(NOTICE)
        tries = len(caplog.records)
        pause = 0.0
        while True:
            pause += FIRST_BACKOFF / 2
            clock.now += FIRST_BACKOFF / 2
            assert not await native.show(NOTICE)
            if len(caplog.records) > tries:
                break
        pauses.append(pause)
        clock.now += 1000
    assert pauses[:5] == [2, 8, 32, 60, 60]
    assert not any("555" in record.getMessage() for record in caplog.records)


async def test_a_test_is_always_tried(native: NativeNotifier, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "app.desktop.toasts")
    assert not await native.show(NOTICE)
    assert not await native.show(TEST)
    assert len(caplog.records) == 2


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
async def test_failing_leaks_nothing(native: NativeNotifier, clock: SteadyClock) -> None:
    assert not await native.show(NOTICE)
    before = open_files()
    for _ in range(20):
        clock.now += 1000
        assert not await native.show(NOTICE)
    assert open_files() < before + 5


async def test_the_next_best_means_is_used(native: NativeNotifier, popups: PopupNotifier) -> None:
    both = FallbackNotifier([native, popups])
    assert await both.show(NOTICE)
    assert popups.on_screen == (NOTICE,)
    assert await both.show(UPDATE)
    assert popups.on_screen == (UPDATE,)
    await both.withdraw("a")
    assert popups.on_screen == ()
    assert await both.show(UPDATE), "gone from the screen: nothing to update, and nothing wrong"
    assert popups.on_screen == ()


async def test_no_means_at_all(native: NativeNotifier) -> None:
    assert not await FallbackNotifier([native]).show(NOTICE)


async def test_a_notice_moves_and_is_not_shown_twice(qapp: QApplication, popups: PopupNotifier) -> None:
    second = PopupNotifier(print, seconds=60)

    class Sometimes:
        """Pop-ups on a screen that comes and goes."""

        there = False

        async def show(self, notice: Notice) -> bool:
            return self.there and await popups.show(notice)

        async def withdraw(self, tag: str) -> None:
            await popups.withdraw(tag)

    first = Sometimes()
    both = FallbackNotifier([first, second])
    assert await both.show(NOTICE)
    assert (popups.on_screen, second.on_screen) == ((), (NOTICE,))
    first.there = True
    assert await both.show(NOTICE)
    assert (popups.on_screen, second.on_screen) == ((NOTICE,), ())
    second.close()
