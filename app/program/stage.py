"""Where one run of the program takes place: which data, which secrets, which browser."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.compose import Choices
from app.desktop.browser import open_browser
from app.desktop.folders import data_dir
from app.program.options import Options
from app.settings import Settings
from app.sync.sign_in import OpenBrowser
from app.transport.vault import KeyringVault, MemoryVault, Vault

if TYPE_CHECKING:
    from app.sandbox import SandboxThread


@dataclass(frozen=True, slots=True)
class Stage:
    """What differs between a real day, a demo and a self-test. The program itself does not differ."""

    choices: Choices
    make_vault: Callable[[Settings], Vault]
    open_browser: OpenBrowser = open_browser
    signs_in: bool = False
    """Sign in at once and follow all numbers, as nobody is there to do it."""
    tells_all: bool = False
    """Announce even what somebody looks at in the window: a demo shows all that there is."""
    sandbox: "SandboxThread | None" = None


def real_stage(options: Options) -> Stage:
    """An ordinary day: the user's own folder, keyring and browser.

    Raises:
        BadInput: the data directory cannot be used.
    """
    choices = Choices(data_dir(options.data_dir), options.server, options.client_id)
    return Stage(choices, lambda settings: KeyringVault(settings.installation))


@asynccontextmanager
async def sandbox_stage(scenario: str, *, keyring: bool) -> AsyncIterator[Stage]:
    """A made-up business in a folder that is deleted afterwards, secrets in the keyring or in memory."""
    from app.sandbox import SandboxOptions, SandboxThread

    folder = Path(tempfile.mkdtemp(prefix="textbell-"))
    try:
        with SandboxThread(SandboxOptions(scenario=scenario, auto_approve=True)) as sandbox:
            memory = MemoryVault()
            yield Stage(
                Choices(folder, sandbox.server_url, sandbox.client_id),
                (lambda settings: KeyringVault(settings.installation)) if keyring else lambda _: memory,
                open_browser=_approve,
                signs_in=True,
                tells_all=True,
                sandbox=sandbox,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _approve(link: str) -> bool:
    """Do what a browser with a patient user does: follow the sign-in page to its end."""
    import httpx

    async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as browser:
        await browser.get(link)
    return True
