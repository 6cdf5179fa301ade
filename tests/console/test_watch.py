"""``watch`` and ``sandbox``: commands that go on until they are told to stop."""

import asyncio
import json
import signal
import sys

import httpx
import pytest

from app.sandbox import Sandbox
from tests.console.program import Ctl
from tests.sync.rig import CUSTOMER, FRONT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")


async def _line(stream: asyncio.StreamReader | None, *, until: str = "") -> str:
    """The next line that holds the words."""
    assert stream is not None
    async with asyncio.timeout(15):
        while True:
            line = (await stream.readline()).decode()
            assert line, "it ended"
            if until in line:
                return line


@pytest.fixture
async def subscriber(customer_of: Ctl) -> Ctl:
    """Signed in, and following a number."""
    customer_of.settings.update(follow=[{"e164": FRONT, "label": "Front desk"}])
    assert (await customer_of("sign-in")).status == 0
    return customer_of


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_every_event_is_printed_until_it_is_told_to_stop(
    subscriber: Ctl, box: Sandbox, number: signal.Signals
) -> None:
    process = await subscriber.start("watch")
    await _line(process.stderr, until="Watching")
    box.world.opt_out(CUSTOMER)
    first = json.loads(await _line(process.stdout))
    assert first["family"] == "inbound"
    assert json.loads(await _line(process.stdout))["family"] == "optout"
    box.world.flood(400)
    await _line(process.stdout)
    process.send_signal(number)
    async with asyncio.timeout(5):
        out, err = await process.communicate()
    assert process.returncode == 0, err
    assert out.endswith(b"\n")
    printed = [json.loads(line) for line in out.decode().splitlines()]
    assert b"Traceback" not in err
    stored = (await subscriber("status", "--json")).json()["events"]
    assert stored == len(printed) + 3


async def test_watching_needs_a_session_and_numbers(customer_of: Ctl) -> None:
    assert "sign-in" in (await customer_of("watch")).sentence
    assert (await customer_of("sign-in")).status == 0
    ended = await customer_of("watch")
    assert ended.status == 1
    assert "numbers --select" in ended.err


async def test_a_session_that_ends_ends_the_watching(subscriber: Ctl, box: Sandbox) -> None:
    process = await subscriber.start("watch")
    await _line(process.stderr, until="Watching")
    box.oauth.revoke_all()
    box.gateway.drop()
    async with asyncio.timeout(10):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert "sign in again" in err.decode()
    assert b"Traceback" not in err


async def test_a_reader_that_goes_away_ends_it_quietly(subscriber: Ctl, box: Sandbox) -> None:
    process = await subscriber.start("watch")
    await _line(process.stderr, until="Watching")
    assert process.stdout is not None
    process.stdout._transport.close()  # type: ignore[attr-defined] # as `head` does
    box.world.flood(300)
    async with asyncio.timeout(10):
        await process.wait()
    assert process.returncode == 0
    assert process.stderr is not None
    assert b"Exception" not in await process.stderr.read()


async def test_the_sandbox_says_when_it_is_ready(ctl: Ctl) -> None:
    process = await ctl.start("sandbox", "--scenario", "silent", "--auto-approve")
    ready = json.loads(await _line(process.stdout))
    assert ready.keys() == {"server_url", "client_id", "control_url"}
    async with httpx.AsyncClient(trust_env=False) as client:
        state = (await client.post(f"{ready['control_url']}/state")).json()
        assert state["server_url"] == ready["server_url"]
    taken = ready["server_url"].rpartition(":")[2]
    assert taken in (await ctl("sandbox", "--port", taken)).sentence
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(5):
        _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
