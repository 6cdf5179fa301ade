"""What happens by itself, the sandbox as a whole, and its thread."""

import asyncio
import socket
import threading

import httpx
import pytest

from app.domain.problems import Unreachable
from app.sandbox import NO_RATE_LIMITS, SCENARIOS, Sandbox, SandboxOptions, SandboxThread
from app.sandbox.model import Change
from tests.conftest import Until
from tests.sandbox.visitor import A2P, INBOUND, Visitor


def content(changes: list[Change]) -> list[tuple[object, ...]]:
    """What the events say, times aside."""
    return [
        (c.family, c.ref, c.number, c.customer, c.state, c.body.get("text"), c.body.get("errorCode"))
        for c in changes
    ]


async def played(scenario: str, seed: int, count: int, until: Until, scale: float) -> list[Change]:
    options = SandboxOptions(scenario=scenario, seed=seed, starts_at_once=True, time_scale=scale)
    async with Sandbox(options) as box:
        await until(lambda: len(box.world.journal.truth) >= count, timeout=30)
        return box.world.journal.truth[:count]


@pytest.mark.parametrize(
    ("scenario", "count"), [("demo", 150), ("quiet-shop", 40), ("opt-out-storm", 1500), ("campaign", 10_500)]
)
async def test_the_same_seed_plays_the_same_events(scenario: str, count: int, until: Until) -> None:
    one = content(await played(scenario, 5, count, until, 1e6))
    assert content(await played(scenario, 5, count, until, 1e6)) == one
    assert content(await played(scenario, 6, count, until, 1e6)) != one


async def test_a_busy_morning_is_busy(until: Until) -> None:
    changes = await played("busy-morning", 1, 4000, until, 1e4)
    assert {change.family for change in changes} == {"batch", "inbound", "outbound", "optout"}
    assert len({change.number for change in changes}) == 4


async def test_the_demo_shows_everything_early(until: Until) -> None:
    """Within the first twelve seconds, here in 0.6: at that scale pauses are long beside a slow machine."""
    wanted = {
        ("batch", "Completed"),
        ("optout", "OptedOut"),
        ("inbound", "Delivered"),
        ("outbound", "Delivered"),
        ("outbound", "DeliveryFailed"),
    }
    async with Sandbox(SandboxOptions(scenario="demo", starts_at_once=True, time_scale=20)) as box:
        truth = box.world.journal.truth
        await until(lambda: wanted <= {(change.family, change.state) for change in truth})
        assert len(truth) < 100, "it is the calm part already"


async def test_a_storm_is_200_opt_outs(until: Until) -> None:
    options = SandboxOptions(scenario="opt-out-storm", starts_at_once=True, time_scale=1e6)
    async with Sandbox(options) as box:
        await until(lambda: len(box.world.consents.history) == 200, timeout=30)
        assert len({record.to for record in box.world.consents.history}) == 200


async def test_the_demo_has_a_past_that_nobody_is_told_of() -> None:
    async with Sandbox(SandboxOptions(scenario="demo", rate_limits=NO_RATE_LIMITS)) as box:
        async with Visitor(box) as visitor:
            await visitor.sign_in()
            window = {"dateFrom": "2000-01-01T00:00:00Z"}
            messages = await visitor.pages(f"{A2P}/messages", **window)
            batches = await visitor.pages(f"{A2P}/batches", **window)
        assert len(messages) > 200
        assert len(batches) == 6
        assert {batch["status"] for batch in batches} == {"Completed"}
        assert max(m["lastModifiedTime"] for m in messages) < box.clock.now().isoformat()
        assert box.world.consents.history
        assert not box.world.journal.truth


async def test_a_scenario_waits_for_the_first_subscription(until: Until) -> None:
    options = SandboxOptions(scenario="demo", time_scale=1000, rate_limits=NO_RATE_LIMITS)
    async with Sandbox(options) as box, Visitor(box) as visitor:
        await visitor.sign_in()
        await asyncio.sleep(0.05)
        assert not box.world.journal.truth
        async with visitor.link(INBOUND):
            await until(lambda: len(box.world.journal.truth) > 100)


def test_unknown_scenarios_are_refused() -> None:
    with pytest.raises(ValueError, match="quiet-shop"):
        SandboxOptions(scenario="loud-shop")
    assert all(SandboxOptions(scenario=name).scenario == name for name in SCENARIOS)


async def test_a_port_that_is_taken_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable, match=f"port {port}"):
            async with Sandbox(SandboxOptions(port=port)):
                pytest.fail("it listens")
        with pytest.raises(Unreachable), SandboxThread(SandboxOptions(port=port)):
            pytest.fail("it listens")


async def test_a_chosen_port(box: Sandbox) -> None:
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(f"{box.server_url}/nothing")).status_code == 404
    port = int(box.server_url.rpartition(":")[2])
    await box.refuse_connections()
    async with Sandbox(SandboxOptions(port=port)) as other:
        assert other.server_url == box.server_url


def test_a_thread_of_its_own() -> None:
    with SandboxThread(SandboxOptions(rate_limits=NO_RATE_LIMITS)) as running:
        assert running.server_url.startswith("http://127.0.0.1:")
        assert httpx.get(running.control_url, trust_env=False).status_code == 200
        assert running.call(lambda box: threading.current_thread().name) == "sandbox"
        message = running.call(lambda box: box.world.inbound("+12125550100", "Hello"))
        assert message.text == "Hello"
        with pytest.raises(KeyError):
            running.call(lambda box: box.world.complete_batch("none"))
    with pytest.raises(RuntimeError):
        running.call(lambda box: None)
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.server_url, trust_env=False)


async def test_stopping_with_open_connections_is_quick() -> None:
    async with asyncio.timeout(5):
        async with Sandbox(SandboxOptions(rate_limits=NO_RATE_LIMITS)) as box:
            visitor = Visitor(box)
            await visitor.sign_in()
            context = visitor.link(INBOUND)
            link = await context.__aenter__()
            box.gateway.go_dark()
    assert await link.ending() in (1001, 1006)
    await context.__aexit__(None, None, None)
    await visitor.http.aclose()
