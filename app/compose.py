"""Builds the engine, once, for whoever runs it: the tray program, the console, the self-test.

Nothing here knows Qt. What differs between a demo and a real day (the server's address, where
secrets are kept, how a browser is opened) comes in from outside.
"""

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from app.domain.clock import Clock
from app.domain.problems import BadInput
from app.eventlog import EventLog
from app.notices.port import Notifier
from app.settings import Settings, SettingsFile, check_server_url
from app.sync.engine import Engine
from app.sync.service import Address
from app.sync.sign_in import OpenBrowser
from app.transport.vault import Vault

LOG_KEY = "log-key"
"""Name of the log's encryption key among the secrets."""

SWITCH_INTERVAL = 0.002
"""Seconds after which a thread that is busy with Python must let another go on."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line and the environment say; each beats the settings."""

    data_dir: Path
    server_url: str = ""
    client_id: str = ""

    @property
    def settings_path(self) -> Path:
        return self.data_dir / "settings.json"

    @property
    def log_path(self) -> Path:
        return self.data_dir / "log.db"

    @property
    def status_path(self) -> Path:
        return self.data_dir / "status.json"

    def address(self, settings: Settings) -> Address:
        """The server and client id in force.

        Raises:
            BadInput: what was given is no address.
        """
        try:
            server = check_server_url(self.server_url) if self.server_url else settings.server_url
        except ValueError as error:
            raise BadInput(str(error)) from error
        return Address(server, self.client_id or settings.client_id)


async def open_log(choices: Choices, vault: Vault) -> EventLog:
    """Open this installation's log with the key from the vault, making both at the first start.

    Raises:
        VaultUnavailable: the key cannot be read or kept.
        LogUnavailable: the log cannot be used; with another key than its own it is left as it was.
    """
    key = await vault.get(LOG_KEY)
    if key is None:
        key = secrets.token_hex(32)
        await vault.set(LOG_KEY, key)
    return await EventLog.open(choices.log_path, key)


@asynccontextmanager
async def open_engine(
    choices: Choices,
    settings: SettingsFile,
    vault: Vault,
    clock: Clock,
    *,
    open_browser: OpenBrowser,
    notifier: Notifier | None = None,
) -> AsyncIterator[Engine]:
    """Open the log and build the engine around it; both are closed at the end.

    Without a ``notifier`` nothing is announced, and what would have been stays owed to the next
    program that has one.

    Raises:
        VaultUnavailable, LogUnavailable: as they say.
    """
    # The log's threads give up the interpreter at every step of SQLite and must soon get it back:
    # with Python's usual 5 ms a busy loop makes each write and each search wait for it many times.
    sys.setswitchinterval(SWITCH_INTERVAL)
    log = await open_log(choices, vault)
    async with (
        log,
        Engine(
            log,
            settings,
            vault,
            clock,
            address=lambda: choices.address(settings.value),
            open_browser=open_browser,
            notifier=notifier,
            folder=choices.data_dir,
        ) as engine,
    ):
        yield engine
