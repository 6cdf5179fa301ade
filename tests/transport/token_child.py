"""A program that refreshes the tokens of an installation, in a process of its own that may be killed.

token_child.py SERVER CLIENT_ID FOLDER once STEP     one refresh; stops itself at that step
token_child.py SERVER CLIENT_ID FOLDER often ROUNDS  so many, as fast as it can
"""

import asyncio
import json
import os
import random
import signal
import sys
from pathlib import Path

import httpx
import keyring
from keyring.backend import KeyringBackend

from app.domain.problems import Expected
from app.ringcentral.rates import Group, RateWindows
from app.transport.api_client import ApiClient
from app.transport.auth_pace import AuthPace
from app.transport.clock import SystemClock
from app.transport.process_lock import ProcessLock
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import KeyringVault

ITEM_LIMIT = 120
"""Characters in one item of the keyring: the pair takes several, as on Windows."""
UNLIMITED = dict.fromkeys(Group, 1_000_000)


class FolderKeyring(KeyringBackend):
    """A keyring of the operating system, as far as ``keyring`` can tell: a file for each item."""

    priority = 1.0  # type: ignore[assignment] # a class property there, a plain value here

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder / "keyring"
        self._folder.mkdir(parents=True, exist_ok=True)

    def get_password(self, service: str, username: str) -> str | None:
        step("reading")
        try:
            return self._file(username).read_text("utf-8")
        except FileNotFoundError:
            return None

    def set_password(self, service: str, username: str, password: str) -> None:
        step("writing")
        new = self._file(f"{username}.{os.getpid()}.new")
        new.write_text(password, "utf-8")
        new.replace(self._file(username))
        step("written")

    def delete_password(self, service: str, username: str) -> None:
        step("removing")
        self._file(username).unlink(missing_ok=True)

    def _file(self, username: str) -> Path:
        return self._folder / username.replace("/", "_")


_stop_at = 0
_steps = 0


def step(what: str) -> None:
    """One of the points between asking, storing and using."""
    global _steps
    _steps += 1
    if _steps == _stop_at:
        print(what, flush=True)
        os.kill(os.getpid(), signal.SIGSTOP)


def program(
    client: httpx.AsyncClient, server: str, client_id: str, folder: Path, *, patience: float = 30.0
) -> tuple[TokenKeeper, ApiClient]:
    """What a program of this installation holds."""
    keyring.set_keyring(FolderKeyring(folder))
    clock = SystemClock()
    pace = AuthPace(clock, folder / "auth.json")
    pace.note({"X-Rate-Limit-Limit": "100000"}, 200)
    keeper = TokenKeeper(
        client,
        KeyringVault("shop", item_limit=ITEM_LIMIT),
        clock,
        server_url=server,
        client_id=client_id,
        pace=pace,
        alone=ProcessLock(folder / "tokens.lock", patience=patience),
    )
    return keeper, ApiClient(client, keeper, RateWindows(UNLIMITED), clock)


async def once(keeper: TokenKeeper, api: ApiClient, client: httpx.AsyncClient, stop_at: int) -> None:
    async def before(request: httpx.Request) -> None:
        step("asking" if "oauth" in request.url.path else "using")

    async def after(response: httpx.Response) -> None:
        step("answered" if "oauth" in response.request.url.path else "used")

    global _stop_at, _steps
    await keeper.load()
    token = await keeper.access_token()
    client.event_hooks = {"request": [before], "response": [after]}
    _stop_at, _steps = stop_at, 0
    await keeper.refresh(token)
    await api.extension()
    print("done", flush=True)


async def often(keeper: TokenKeeper, client: httpx.AsyncClient, rounds: int) -> None:
    outcomes: dict[str, int] = {}
    chance = random.Random(os.getpid())
    for _ in range(rounds):
        try:
            token = await keeper.access_token()
            await keeper.refresh(token)
            token = await keeper.access_token()
            headers = {"Authorization": f"Bearer {token}"}
            answer = await client.get("/restapi/v1.0/account/~/extension/~", headers=headers)
            outcome = str(answer.status_code)
        except Expected as error:
            outcome = type(error).__name__
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        await asyncio.sleep(chance.random() * 0.004)
    print(json.dumps(outcomes), flush=True)


async def main(server: str, client_id: str, folder: str, what: str, number: str) -> None:
    async with httpx.AsyncClient(base_url=server, trust_env=False) as client:
        keeper, api = program(client, server, client_id, Path(folder))
        if what == "once":
            await once(keeper, api, client, int(number))
        else:
            await often(keeper, client, int(number))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
