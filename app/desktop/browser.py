"""Opening a page in the user's own browser."""

import asyncio
import logging
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds in which a browser that cannot open the page must have said so. One that still runs then
is the browser itself."""

_OPENERS = (
    ("xdg-open",),
    ("gio", "open"),
    ("x-www-browser",),
    ("firefox",),
    ("google-chrome",),
    ("chromium",),
)
_FROZEN_PATHS = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH")

_running: list[subprocess.Popen[bytes]] = []
"""Browsers that were started and may still run: kept so that they are reaped, never waited for."""


async def open_browser(url: str) -> bool:
    """Show a page in the system's browser. Returns whether one was found that accepts it.

    ``BROWSER`` names the browsers to try, as elsewhere: commands separated like the entries of
    ``PATH``, with ``%s`` where the address goes, or at the end without it. Never raises, and waits
    at most a few seconds for each.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        log.warning("not an address for a browser")
        return False
    _reap()
    chosen = os.environ.get("BROWSER", "")
    if not chosen and sys.platform == "win32":
        return await asyncio.to_thread(_start_file, url)
    for command in _named(chosen, url) if chosen else _usual(url):
        if await _run(command):
            return True
    return False


def clean_environment() -> dict[str, str]:
    """The environment for programs that are not ours.

    A frozen build lets its own libraries be found first and keeps the former values under
    ``..._ORIG`` (PyInstaller's convention); with ours, a browser might not even start.
    """
    return restored_environment(os.environ, frozen=getattr(sys, "frozen", False))


def restored_environment(environment: Mapping[str, str], *, frozen: bool) -> dict[str, str]:
    """The same for a given environment."""
    clean = dict(environment)
    if frozen:
        for name in _FROZEN_PATHS:
            clean.pop(name, None)
            former = clean.pop(f"{name}_ORIG", None)
            if former is not None:
                clean[name] = former
    return clean


def _named(browsers: str, url: str) -> Iterator[list[str]]:
    for text in browsers.split(os.pathsep):
        try:
            words = shlex.split(text.rstrip("& "), posix=os.name != "nt")
        except ValueError:
            log.warning("a command in BROWSER has an unclosed quotation mark")
            continue
        if words:
            filled = [word.replace("%s", url) for word in words]
            yield filled if "%s" in text else [*words, url]


def _usual(url: str) -> Iterator[list[str]]:
    if sys.platform == "darwin":
        yield ["open", url]
        return
    # Without a screen these would start a text browser in the terminal, or nothing at all.
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        yield from ([*opener, url] for opener in _OPENERS if shutil.which(opener[0]))


async def _run(command: list[str]) -> bool:
    try:
        process = subprocess.Popen(  # noqa: ASYNC220, S603 - returns at once; the user's own command
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=clean_environment(),
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        log.info("the browser %s cannot be started: %s", command[0], type(error).__name__)
        return False
    _running.append(process)
    waited, pause = 0.0, 0.01
    while process.poll() is None and waited < PATIENCE:
        await asyncio.sleep(pause)
        waited += pause
        pause = min(0.2, pause * 2)
    return not process.returncode


def _reap() -> None:
    _running[:] = [process for process in _running if process.poll() is None]


def _start_file(url: str) -> bool:
    try:
        os.startfile(url)  # type: ignore[attr-defined,unused-ignore] # noqa: S606 - exists on Windows
    except OSError as error:
        log.info("no browser opened the page: %s", type(error).__name__)
        return False
    return True
