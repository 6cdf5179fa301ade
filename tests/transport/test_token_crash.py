"""Tokens outlive a kill at any point, and two processes never burn each other's. Real processes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.ringcentral.oauth import make_pkce
from app.sandbox import NO_RATE_LIMITS, Sandbox, SandboxOptions
from app.transport.api_client import ApiClient
from app.transport.token_keeper import TokenKeeper
from tests.transport import token_child

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")

ROOT = Path(__file__).resolve().parents[2]
REDIRECT = "http://127.0.0.1:1/oauth/callback"


class Installation:
    """A data directory with a keyring, whose user is signed in."""

    def __init__(self, box: Sandbox, folder: Path) -> None:
        self.box = box
        self.folder = folder

    @asynccontextmanager
    async def program(self, patience: float = 30.0) -> AsyncIterator[tuple[TokenKeeper, ApiClient]]:
        """A program that has just been started."""
        async with httpx.AsyncClient(base_url=self.box.server_url, trust_env=False) as client:
            yield token_child.program(
                client, self.box.server_url, self.box.client_id, self.folder, patience=patience
            )

    async def start(self, what: str, number: int) -> asyncio.subprocess.Process:
        """The same in a process of its own."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.transport.token_child"),
            *(self.box.server_url, self.box.client_id, str(self.folder), what, str(number)),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
        )

    async def works(self) -> None:
        """A program started now is signed in and can ask for things, and the session is the same."""
        async with self.program() as (keeper, api):
            assert await keeper.load()
            assert await api.extension() == "Dana Whitfield"
            await keeper.refresh(await keeper.access_token())
            assert await api.extension() == "Dana Whitfield"
        assert len(self.box.oauth.sessions) == len(self.box.oauth.live_sessions()) == 1


@asynccontextmanager
async def installed(tmp_path: Path, **options: float) -> AsyncIterator[Installation]:
    chosen = SandboxOptions(
        rate_limits=NO_RATE_LIMITS,
        redirect_uris=(REDIRECT,),
        auto_approve=True,
        **options,  # type: ignore[arg-type]
    )
    async with Sandbox(chosen) as box:
        shop = Installation(box, tmp_path)
        pkce = make_pkce(bytes(range(32)))
        query = {
            "response_type": "code",
            "client_id": box.client_id,
            "redirect_uri": REDIRECT,
            "code_challenge": pkce.challenge,
            "code_challenge_method": "S256",
        }
        async with httpx.AsyncClient(base_url=box.server_url, trust_env=False) as browser:
            page = await browser.get("/restapi/oauth/authorize", params=query)
        async with shop.program() as (keeper, _):
            await keeper.exchange(httpx.URL(page.headers["location"]).params["code"], pkce.verifier, REDIRECT)
        yield shop


async def _line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(20):
        return (await process.stdout.readline()).decode().strip()


async def test_killed_at_every_point_of_a_refresh(tmp_path: Path) -> None:
    points: list[str] = []
    async with installed(tmp_path) as shop:
        while True:
            process = await shop.start("once", len(points) + 1)
            point = await _line(process)
            if point == "done":
                await process.wait()
                break
            points.append(point)
            process.kill()
            await process.wait()
            await shop.works()
    assert points[0] == "reading"
    for name in ("asking", "answered", "writing", "written", "removing", "using", "used"):
        assert name in points
    assert points.index("asking") < points.index("answered") < points.index("writing")
    assert points.count("writing") > 3, "the pair takes several items"


async def test_two_processes_never_burn_each_others_refresh_token(tmp_path: Path) -> None:
    # No grace at all: a refresh token that is shown twice ends the session.
    async with installed(tmp_path, refresh_grace=0, refresh_grace_unused=-1) as shop:
        [session] = shop.box.oauth.sessions
        processes = [await shop.start("often", 150) for _ in range(2)]
        outcomes = [json.loads(await asyncio.wait_for(_outcome(p), 60)) for p in processes]
        assert len(shop.box.oauth.live_sessions()) == 1
        assert session.generation > 200, "hundreds of refreshes"
        for outcome in outcomes:
            # 401: the other process was faster in between; never an end of the session.
            assert outcome.keys() <= {"200", "401"}, outcome
            assert outcome["200"] > 10
        await shop.works()


async def _outcome(process: asyncio.subprocess.Process) -> str:
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()


@pytest.mark.parametrize("point", ["asking", "answered"])
async def test_a_process_that_hangs_in_the_middle_and_comes_back(tmp_path: Path, point: str) -> None:
    async with installed(tmp_path) as shop:
        number = 0
        while True:  # find the point
            number += 1
            hanging = await shop.start("once", number)
            if await _line(hanging) == point:
                break
            hanging.kill()
            await hanging.wait()
        async with shop.program(patience=0.3) as (keeper, api):
            await keeper.load()
            for _ in range(3):  # far ahead of what the other one holds
                await keeper.refresh(await keeper.access_token())
                assert await api.extension() == "Dana Whitfield"
            hanging.send_signal(signal.SIGCONT)
            assert await _line(hanging) == "done"
            assert await hanging.wait() == 0
            await keeper.refresh(await keeper.access_token())
            assert await api.extension() == "Dana Whitfield"
        await shop.works()
