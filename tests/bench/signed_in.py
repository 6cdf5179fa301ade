"""``python -m tests.bench.signed_in FOLDER SERVER CLIENT NUMBER EVENTS``: a data directory in use.

Signed in, one number followed, some events in the log, and secrets in the desktop's keyring.
"""

import asyncio
import sys
from pathlib import Path

import httpx

from app.compose import Choices, open_engine
from app.settings import SettingsFile
from app.transport.clock import SystemClock
from app.transport.vault import KeyringVault
from tests.bench.bench_store import Business


async def _browser(link: str) -> bool:
    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        await browser.get(link)
    return True


async def _prepare(folder: Path, server: str, client: str, number: str, events: int) -> None:
    choices = Choices(folder)
    settings = SettingsFile(choices.settings_path)
    value = settings.update(server_url=server, client_id=client, first_run_done=True)
    notifications = value.notifications.model_copy(update={"opted_in": True})
    settings.update(notifications=notifications)
    vault = KeyringVault(value.installation)
    async with open_engine(choices, settings, vault, SystemClock(), open_browser=_browser) as engine:
        await engine.sign_in(lambda _link: None)
        await engine.choose([own for own in await engine.list_numbers() if own.e164 == number])
        for piece in Business(3, events).chunks(events):
            await engine.log.append(piece, news=False)


if __name__ == "__main__":
    asyncio.run(_prepare(Path(sys.argv[1]), *sys.argv[2:5], int(sys.argv[5])))
