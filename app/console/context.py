"""What every command is given: where things are, and how to speak."""

import sys
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from app.compose import Choices, open_engine, open_log
from app.desktop.browser import open_browser
from app.eventlog import EventLog
from app.ringcentral.wirejson import dump
from app.settings import SettingsFile
from app.sync.engine import Engine
from app.transport.clock import SystemClock
from app.transport.vault import KeyringVault, Vault


@dataclass(frozen=True, slots=True)
class Context:
    """One invocation of ``textbellctl``."""

    choices: Choices
    settings: SettingsFile
    args: Namespace

    @property
    def as_json(self) -> bool:
        return bool(self.args.json)

    @property
    def vault(self) -> Vault:
        return KeyringVault(self.settings.value.installation)

    @asynccontextmanager
    async def log(self) -> AsyncIterator[EventLog]:
        """The event log alone: for what needs no service and no sign-in."""
        async with await open_log(self.choices, self.vault) as log:
            yield log

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """The engine, not yet watching."""
        async with open_engine(
            self.choices, self.settings, self.vault, SystemClock(), open_browser=open_browser
        ) as engine:
            yield engine

    def tell(self, sentence: str) -> None:
        """Say something to the person at the keyboard."""
        print(sentence, file=sys.stderr, flush=True)

    def result(self, value: dict[str, Any], *lines: str) -> None:
        """Print a result: the value with ``--json``, else the lines."""
        if self.as_json:
            print(dump(value), flush=True)
        else:
            for line in lines:
                print(line, flush=True)
