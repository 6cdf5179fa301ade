"""What the sandbox does wrong when it is asked to."""

import asyncio
import json
from email.utils import parsedate_to_datetime

import httpx
import pytest

from app.sandbox import Sandbox
from app.sandbox.hostile import HOSTILE
from app.sandbox.model import OutcomeMix
from tests.sandbox.test_control import command
from tests.sandbox.visitor import A2P, ACCOUNT, BATCHES, CONSENTS, INBOUND, OPT_OUTS, Visitor

CUSTOMER = "+12125550100"
EXTENSION = f"{ACCOUNT}/extension/~"


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame


async def test_frames_come_twice_and_changes_under_two_uuids(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        await command(box, "disorder", twice=1)
        box.world.inbound(CUSTOMER, "one")
        first, second = await link.settle()
        assert first == second
        await command(box, "disorder", renamed=1)
        box.world.inbound(CUSTOMER, "two")
        first, second = await link.settle()
        assert first["uuid"] != second["uuid"]
        assert first["body"] == second["body"]
        assert box.world.journal.truth[-1].uuids == [first["uuid"], second["uuid"]]
        await command(box, "disorder")
        box.world.inbound(CUSTOMER, "three")
        assert len(await link.settle()) == 1


async def test_frames_overtake_each_other_and_none_is_lost(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        await command(box, "disorder", late=0.5, late_by=0.2)
        box.world.flood(40)
        texts = [(await link.body())["body"]["text"] for _ in range(40)]
    assert texts != [f"Message {number} of 40" for number in range(1, 41)]
    assert sorted(texts) == sorted(f"Message {number} of 40" for number in range(1, 41))


async def test_what_was_held_back_is_replayed(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        await command(box, "disorder", late=1, late_by=1000)
        box.world.inbound(CUSTOMER, "late")
        box.gateway.drop()
        async with visitor.link(wsc=link.wsc) as second:
            assert [envelope["body"]["text"] for envelope in await second.settle()] == ["late"]


async def test_every_hostile_frame_is_sent_as_it_is(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        assert (await command(box, "hostile"))["names"] == list(HOSTILE)
        frames = [await link.socket.recv(decode=False) for _ in HOSTILE]
        for (name, make), frame in zip(HOSTILE.items(), frames, strict=True):
            assert frame == _bytes(make()), name
        await command(box, "raw-frame", base64="//4=")
        assert await link.socket.recv(decode=False) == b"\xff\xfe"
        await command(box, "disorder", hostile=1)
        box.world.inbound(CUSTOMER, "between")
        assert (await link.body())["body"]["text"] == "between"
        everything = {_bytes(make()) for make in HOSTILE.values()}
        assert await link.socket.recv(decode=False) in everything


def test_hostile_frames_are_what_they_are_called() -> None:
    with pytest.raises(RecursionError):
        json.loads(HOSTILE["nested brackets"]())
    with pytest.raises(ValueError, match="digits"):
        json.loads(HOSTILE["numbers beyond reason"]())
    for name in ("fields of other types", "nested body", "the same key twice", "lone surrogates"):
        [meta, envelope] = json.loads(HOSTILE[name]())
        assert meta["type"] == "ServerNotification"
        assert "body" in envelope


async def test_lists_lag_behind_the_stream(visitor: Visitor) -> None:
    box = visitor.box
    old = box.world.create_batch("Old", size=3, mix=OutcomeMix(1, 0, 0))
    box.world.opt_out(CUSTOMER)
    await asyncio.sleep(0.3)
    await command(box, "lag", seconds=0.15)
    box.world.complete_batch(old.id)
    box.world.create_batch("New", size=2)
    box.world.opt_in(CUSTOMER)
    [batch] = await visitor.pages(BATCHES)
    assert (batch["id"], batch["status"], batch["processedCount"]) == (old.id, "Processing", 0)
    messages = await visitor.pages(f"{A2P}/messages", direction="Outbound")
    assert [message["messageStatus"] for message in messages] == ["Queued"] * 3
    assert [change["optStatus"] for change in await visitor.pages(f"{CONSENTS}/history")] == ["OptOut"]
    by_id = (await visitor.get(f"{BATCHES}/{old.id}")).json()
    assert by_id["status"] == "Completed"
    await asyncio.sleep(0.3)
    assert len(await visitor.pages(BATCHES)) == 2
    messages = await visitor.pages(f"{A2P}/messages", direction="Outbound")
    assert sorted(message["messageStatus"] for message in messages) == ["Delivered"] * 3 + ["Queued"] * 2
    assert len(await visitor.pages(f"{CONSENTS}/history")) == 2


async def test_all_pages_of_a_list_show_one_moment(visitor: Visitor) -> None:
    box = visitor.box
    for number in range(6):
        box.world.inbound(CUSTOMER, str(number))
    await asyncio.sleep(0.1)
    await command(box, "lag", seconds=0.1)
    query: dict[str, object] = {"perPage": 3, "direction": "Inbound", "view": "Detailed"}
    first = (await visitor.get(f"{A2P}/messages", **query)).json()
    box.world.inbound(CUSTOMER, "between")
    await asyncio.sleep(0.15)
    second = (
        await visitor.get(f"{A2P}/messages", **query, pageToken=first["paging"]["nextPageToken"])
    ).json()
    texts = [record["text"] for record in first["records"] + second["records"]]
    assert texts == ["5", "4", "3", "2", "1", "0"]


async def test_a_slow_answer_comes_after_its_effect(visitor: Visitor) -> None:
    box = visitor.box
    await command(box, "slow", seconds=5, path="/restapi/oauth", lasting=60)
    form = {
        "grant_type": "refresh_token",
        "client_id": box.client_id,
        "refresh_token": str(visitor.tokens["refresh_token"]),
    }
    with pytest.raises(httpx.ReadTimeout):
        await visitor.http.post("/restapi/oauth/token", data=form, timeout=0.2)
    [session] = box.oauth.live_sessions()
    assert session.generation == 2
    await command(box, "clear")
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 200


async def test_away_for_a_while(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(OPT_OUTS) as link:
        await command(box, "away", seconds=0.2, forget=True)
        assert await link.ending() == 1006
        with pytest.raises(httpx.ConnectError):
            await visitor.http.get(EXTENSION)
    async with asyncio.timeout(5):
        while True:
            try:
                await visitor.ws_token()
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                break
    assert box.gateway.sessions == {}


async def test_dark_for_a_while(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(OPT_OUTS) as link:
        await command(box, "away", seconds=0.3, dark=True)
        with pytest.raises(httpx.ReadTimeout):
            await visitor.http.get(EXTENSION, timeout=0.05)
        box.world.opt_out(CUSTOMER)
        async with asyncio.timeout(5):
            await visitor.ws_token()
        assert await link.settle() == [], "written into a dark connection: lost"


async def test_the_answers_tell_the_services_time(visitor: Visitor, box: Sandbox) -> None:
    box.clock.skip(86_400)
    answer = await visitor.http.get(EXTENSION)
    off = parsedate_to_datetime(answer.headers["Date"]) - box.clock.now()
    assert abs(off.total_seconds()) < 2
