"""Showing notices by the means of the desktop, and by the next best ones."""

import asyncio
import html
import importlib
import logging
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.notices.port import Notice, NoticeKind, Notifier

log = logging.getLogger(__name__)

APP_NAME = "Textbell"
PATIENCE = 3.0
"""Seconds a daemon is given to accept a notification. One that is stuck never answers."""
FIRST_BACKOFF, LONGEST_BACKOFF = 2.0, 60.0
REMEMBERED = 200
"""Tags that can still be replaced or withdrawn."""

OnOpen = Callable[[Notice], None]


class NativeNotifier:
    """The desktop's own notifications, through desktop-notifier.

    ``show`` is true only once the daemon has accepted the notification. A tag that is still on the
    screen is replaced (in place on Linux); a quiet update of one that has gone is dropped. After a
    failure the next attempts are refused for some seconds, growing to a minute, except for a test.
    """

    def __init__(
        self,
        on_open: OnOpen,
        *,
        icon: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """``on_open`` is called in the loop's thread when the user opens a notice."""
        self._on_open = on_open
        self._icon = icon
        self._monotonic = monotonic
        self._lock = asyncio.Lock()
        self._backend: Any = None
        self._identifiers: dict[str, str] = {}
        self._failures = 0
        self._retry_at = float("-inf")
        self.delivered: set[NoticeKind] = set()
        """The kinds of notice that the desktop has accepted so far."""

    async def show(self, notice: Notice) -> bool:
        async with self._lock:
            if self._monotonic() < self._retry_at and notice.kind is not NoticeKind.TEST:
                return False
            if notice.quiet and not await self.on_screen(notice.tag):
                return True
            reason = "no answer in time"
            try:
                async with asyncio.timeout(PATIENCE):
                    if await self._deliver(notice):
                        self._failures = 0
                        self.delivered.add(notice.kind)
                        self._retry_at = float("-inf")
                        return True
                reason = getattr(self._backend, "failure", "") or "not dispatched"
            except TimeoutError:
                pass
            except Exception as error:  # noqa: BLE001 - each system's backend raises its own; show never does
                reason = type(error).__name__
            await self._give_up(reason)
            return False

    async def withdraw(self, tag: str) -> None:
        async with self._lock:
            if await self.on_screen(tag):
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._backend.clear(self._identifiers[tag])
                except Exception as error:  # noqa: BLE001 - as above
                    log.info("a notification could not be taken away: %s", type(error).__name__)
            self._identifiers.pop(tag, None)

    async def on_screen(self, tag: str) -> bool:
        """Whether the desktop still shows, or keeps, the notification with this tag."""
        identifier = self._identifiers.get(tag)
        if identifier is None or self._backend is None:
            return False
        return identifier in await self._backend.get_current_notifications()

    async def close(self) -> None:
        """Let go of the daemon. What is on the screen stays, and cannot be opened any more."""
        backend, self._backend = self._backend, None
        if hasattr(backend, "hang_up"):
            await backend.hang_up()

    async def _deliver(self, notice: Notice) -> bool:
        if self._backend is None:
            self._backend = await _make_backend(self._icon)
        backend = self._backend
        if backend is None:
            return False
        from desktop_notifier import DEFAULT_SOUND, Button, Notification

        body = notice.body
        if hasattr(backend, "body_markup") and await backend.body_markup():
            body = html.escape(body, quote=False)  # the title is plain text in every daemon
        dispatched = False
        loop = asyncio.get_running_loop()

        def sent() -> None:
            nonlocal dispatched
            dispatched = True

        def opened() -> None:
            loop.call_soon_threadsafe(self._on_open, notice)

        await backend.send(
            Notification(
                notice.title,
                body,
                buttons=(Button("Open", on_pressed=opened),),
                on_dispatched=sent,
                on_clicked=opened,
                sound=DEFAULT_SOUND if notice.sound else None,
                identifier=await self._identifier(notice.tag),
            )
        )
        return dispatched

    async def _identifier(self, tag: str) -> str:
        """The identifier under which to send: that of the one to be replaced, or a new one."""
        if await self.on_screen(tag):
            if hasattr(self._backend, "body_markup"):  # replaces in place
                return self._identifiers[tag]
            await self._backend.clear(self._identifiers[tag])
        self._identifiers.pop(tag, None)
        self._identifiers[tag] = str(uuid.uuid4())
        while len(self._identifiers) > REMEMBERED:
            del self._identifiers[next(iter(self._identifiers))]
        return self._identifiers[tag]

    async def _give_up(self, reason: str) -> None:
        self._failures += 1
        pause = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2 ** min(self._failures - 1, 10))
        self._retry_at = self._monotonic() + pause
        log.info("the desktop did not take a notification (%s); next try in %.0f s", reason, pause)
        await self.close()


class FallbackNotifier:
    """Shows a notice by the first of several means that works."""

    def __init__(self, notifiers: Sequence[Notifier]) -> None:
        self._notifiers = tuple(notifiers)
        self._shown_by: dict[str, Notifier] = {}

    async def show(self, notice: Notice) -> bool:
        former = self._shown_by.get(notice.tag)
        if notice.quiet:
            return await former.show(notice) if former is not None else True
        for notifier in self._notifiers:
            if await notifier.show(notice):
                self._shown_by.pop(notice.tag, None)
                self._shown_by[notice.tag] = notifier
                while len(self._shown_by) > REMEMBERED:
                    del self._shown_by[next(iter(self._shown_by))]
                if former is not None and former is not notifier:
                    await former.withdraw(notice.tag)
                return True
        return False

    async def withdraw(self, tag: str) -> None:
        former = self._shown_by.pop(tag, None)
        if former is not None:
            await former.withdraw(tag)


async def _make_backend(icon: Path | None) -> Any:
    """The backend for this system, or ``None`` where there is only one that shows nothing."""
    if sys.platform.startswith("linux"):
        # A tenth of a second of imports, at the first notification: not on the windows' thread.
        await asyncio.to_thread(importlib.import_module, "app.desktop.freedesktop")
        from app.desktop.freedesktop import FreedesktopBackend as Backend
    else:
        from desktop_notifier.main import get_backend_class

        Backend = get_backend_class()  # type: ignore[assignment] # noqa: N806
        if Backend.__name__.startswith("Dummy"):
            return None
    from desktop_notifier import Icon

    # The library's own log repeats the texts it shows.
    logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)
    backend = Backend(APP_NAME, Icon(path=icon) if icon is not None else None)
    if not await backend.request_authorisation():
        log.info("the system does not allow notifications")
    return backend
