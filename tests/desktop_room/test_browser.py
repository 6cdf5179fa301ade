"""Opening the browser, with real programs in the browser's place."""

import asyncio
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from app.desktop.browser import open_browser, restored_environment

URL = "https://example.test/?a=1&b=%20%22quoted%22"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX quoting in BROWSER")


@pytest.fixture
def writer(tmp_path: Path) -> tuple[str, Path]:
    """A command that writes what it was given into a file."""
    script, told = tmp_path / "write.py", tmp_path / "told"
    script.write_text(f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(repr(sys.argv[1:]))")
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(script))}", told


@pytest.mark.parametrize(
    ("form", "arguments"),
    [("{}", [URL]), ("{} %s", [URL]), ("{} --new-window=%s &", [f"--new-window={URL}"])],
)
async def test_the_browser_named(
    writer: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, form: str, arguments: list[str]
) -> None:
    command, told = writer
    monkeypatch.setenv("BROWSER", form.format(command))
    assert await open_browser(URL)
    assert told.read_text() == repr(arguments)


async def test_the_next_is_tried(writer: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    command, told = writer
    monkeypatch.setenv("BROWSER", os.pathsep.join(["/no/such/browser", "false", "'unclosed", "", command]))
    assert await open_browser(URL)
    assert told.exists()


@pytest.mark.parametrize("browser", ["false", "/no/such/browser", "'unclosed", "nul\\0byte"])
async def test_none_that_can(browser: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER", browser)
    assert not await open_browser(URL)


async def test_none_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert not await open_browser(URL)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "javascript:alert(1)", "--help", ""])
async def test_nothing_but_web_pages(
    url: str, writer: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    command, told = writer
    monkeypatch.setenv("BROWSER", command)
    assert not await open_browser(url)
    assert not told.exists()


async def test_a_browser_that_stays_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "end"
    os.mkfifo(fifo)
    monkeypatch.setattr("app.desktop.browser.PATIENCE", 0.2)
    monkeypatch.setenv("BROWSER", f"sh -c 'cat {fifo}'")
    started = time.monotonic()
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async with asyncio.TaskGroup() as group:
        ticking = group.create_task(tick())
        assert await open_browser(URL)
        ticking.cancel()
    assert time.monotonic() - started < 3
    assert ticks > 3, "the loop went on meanwhile"
    fifo.write_text("")


def test_a_frozen_build_gives_the_environment_back() -> None:
    ours = {"LD_LIBRARY_PATH": "/ours", "LD_LIBRARY_PATH_ORIG": "/theirs", "PATH": "/bin"}
    assert restored_environment(ours, frozen=True) == {"LD_LIBRARY_PATH": "/theirs", "PATH": "/bin"}
    assert restored_environment({"LD_LIBRARY_PATH": "/ours"}, frozen=True) == {}
    assert restored_environment(ours, frozen=False) == ours
