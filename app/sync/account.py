"""Who is signed in: here, and by other processes that share the installation."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta

from app.domain.clock import Clock
from app.domain.problems import Expected, SignInNeeded, VaultUnavailable
from app.domain.status import Reach
from app.notices import wording
from app.settings import Settings
from app.sync.outbox import Outbox
from app.sync.session import Session
from app.sync.sign_in import OpenBrowser, begin_session
from app.sync.status_board import StatusBoard

log = logging.getLogger(__name__)

LOOK_EVERY = 60.0
"""Seconds between two looks for what other processes did to the session: one reading of the log each."""


class Account:
    """Signs in and out, and notices when another process did, or when the service ended the session."""

    def __init__(
        self,
        session: Session,
        board: StatusBoard,
        clock: Clock,
        outbox: Outbox | None,
        *,
        settings: Callable[[], Settings],
        open_browser: OpenBrowser,
        suspended: Callable[[], AbstractAsyncContextManager[None]],
        look_every: float = LOOK_EVERY,
    ) -> None:
        """``suspended``: while it is entered nothing uses the session."""
        self._session = session
        self._board = board
        self._clock = clock
        self._outbox = outbox
        self._settings = settings
        self._open_browser = open_browser
        self._suspended = suspended
        self._look_every = look_every
        self._asked = asyncio.Event()
        self._busy = False
        self._ended = False

    @property
    def signed_in(self) -> bool:
        """Whether there is a session that the service has not ended."""
        return self._session.signed_in and not self._ended

    async def sign_in(self, show_link: Callable[[str], None]) -> None:
        """Sign in through the browser. Cancel the task to cancel. See ``Engine.sign_in``."""
        self._board.change(reach=Reach.SIGNING_IN, problem=None)
        self._busy = True
        try:
            async with self._suspended():
                account = await begin_session(
                    self._session, self._settings(), self._open_browser, show_link, self._waiting
                )
                self._ended = False
                self._board.change(account=account)
        finally:
            self._busy = False
            self._board.change(waiting_until=None)
        await self._withdraw()

    async def sign_out(self) -> None:
        """End the session at the service as far as it can be reached, and forget it.

        Raises:
            VaultUnavailable: the session could not be forgotten, and goes on.
        """
        self._busy = True
        try:
            async with self._suspended():
                await self._session.end()
                self._ended = False
                self._board.change(account="", problem=None, disabled_filters=())
        finally:
            self._busy = False

    async def ended(self, error: SignInNeeded) -> None:
        """The service ended the session: say so, once."""
        self._ended = True
        self._board.change(reach=Reach.SIGNED_OUT, problem=error.problem())
        if self._outbox is not None:
            await self._outbox.announce(wording.sign_in_needed())

    def look(self) -> None:
        """Look at once for what other processes did to the session."""
        self._asked.set()

    async def run(self) -> None:
        """Notice what other processes do, and keep tokens that the vault does not take; until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._session.keep_saved(self._vault_trouble), name="tokens")
            tasks.create_task(self._look_around(), name="other processes")

    async def _look_around(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_every):
                    await self._asked.wait()
            self._asked.clear()
            try:
                if not self._busy and await self._session.changed():
                    await self._take_over()
            except Expected as error:
                log.info("the session cannot be looked at: %s", type(error).__name__)

    async def _take_over(self) -> None:
        log.info("another process signed in or out")
        async with self._suspended():
            account = await self._session.take_over()
            self._ended = False
            self._board.change(account=account, problem=None, disabled_filters=())
        await self._withdraw()

    async def _withdraw(self) -> None:
        if self._outbox is not None:
            await self._outbox.withdraw(wording.sign_in_needed().tag)

    def _waiting(self, seconds: float | None) -> None:
        until = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
        self._board.change(waiting_until=until)

    def _vault_trouble(self, trouble: VaultUnavailable | None) -> None:
        self._board.vault_trouble(None if trouble is None else trouble.problem())
