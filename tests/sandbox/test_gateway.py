"""The WebSocket gateway: frames, filters, keep-alive, errors."""

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from app.sandbox import NO_RATE_LIMITS, Sandbox, SandboxOptions
from app.sandbox.directory import ACCOUNT_ID, HIGH_VOLUME_NUMBERS
from tests.conftest import Until
from tests.sandbox.description import validate
from tests.sandbox.visitor import BATCHES, INBOUND, OPT_OUTS, OUTBOUND, Link, Visitor

GUIDE = Path(__file__).parent.parent / "data" / "guide"
SUBSCRIPTION = "/restapi/v1.0/subscription"
FIRST, SECOND = HIGH_VOLUME_NUMBERS[:2]
CUSTOMER = "+12125550100"


async def test_connection_details_are_as_in_the_guide(visitor: Visitor) -> None:
    sample_meta, sample_body = json.loads((GUIDE / "connection-details.json").read_text())
    token = await visitor.ws_token()
    async with connect(f"{token['uri']}?access_token={token['ws_access_token']}", proxy=None) as socket:
        meta, body = await Link(socket).frame()
    assert meta.keys() == sample_meta.keys()
    assert meta["wsc"].keys() == sample_meta["wsc"].keys()
    assert {name: body[name] for name in body if name != "creationTime"} == {
        name: sample_body[name] for name in sample_body if name != "creationTime"
    }
    assert body["creationTime"].endswith("+0000")


async def test_a_subscription_answers_as_described(visitor: Visitor) -> None:
    async with visitor.link() as link:
        body = {"eventFilters": [INBOUND, OPT_OUTS], "deliveryMode": {"transportType": "WebSocket"}}
        meta, answer = await link.ask("POST", f"{SUBSCRIPTION}/", body)
    assert meta["type"] == "ClientRequest"
    assert meta["headers"]["WSG-SubscriptionId"] == answer["id"]
    validate(answer, {"$ref": "#/components/schemas/SubscriptionInfo"})
    assert answer["eventFilters"] == [text.replace("~", ACCOUNT_ID) for text in (INBOUND, OPT_OUTS)]
    assert "disabledFilters" not in answer


async def test_the_life_of_a_subscription(visitor: Visitor) -> None:
    world = visitor.box.world
    async with visitor.link(OPT_OUTS) as link:
        own = f"{SUBSCRIPTION}/{link.subscription['id']}"
        assert (await link.ask("GET", own))[1]["id"] == link.subscription["id"]
        changed = (await link.ask("PUT", own, {"eventFilters": [INBOUND]}))[1]
        assert changed["id"] == link.subscription["id"]
        world.opt_out(CUSTOMER)
        assert [envelope["body"]["text"] for envelope in await link.settle()] == ["STOP"]
        second = await link.subscribe(OPT_OUTS)
        assert second["id"] != changed["id"], "a second one replaces the first"
        world.opt_in(CUSTOMER)
        assert [envelope["subscriptionId"] for envelope in await link.settle()] == [second["id"]]
        assert (await link.ask("GET", own))[0]["status"] == 404
        meta, nothing = await link.ask("DELETE", f"{SUBSCRIPTION}/{second['id']}")
        assert (meta["status"], nothing) == (204, None)
        world.opt_out(CUSTOMER)
        assert await link.settle() == []
        assert (await link.ask("GET", SUBSCRIPTION))[0]["status"] == 404
        assert (await link.ask("GET", "/restapi/v1.0/account/~"))[0]["status"] == 404


@pytest.mark.parametrize(
    "bad",
    [
        "/restapi/v1.0/account/~/extension/~/voicemail",
        f"{OPT_OUTS}?to={FIRST}",
        f"{OPT_OUTS}?from=16505550100",
        f"{OPT_OUTS}?from=%2B16505550100",
        "/restapi/v1.0/account/1/a2p-sms/opt-outs",
        "/restapi/v1.0/account/~/a2p-sms/messages",
        f"{INBOUND}&from={FIRST}",
        "",
        7,
    ],
)
async def test_a_bad_filter_refuses_the_whole_subscription(visitor: Visitor, bad: object) -> None:
    sample = json.loads((GUIDE / "sample-error.json").read_text())
    async with visitor.link() as link:
        meta, error = await link.ask("POST", f"{SUBSCRIPTION}/", {"eventFilters": [OPT_OUTS, bad]})
        assert meta["status"] == 400
        assert error["errorCode"] == sample["errorCode"] == "SUB-508"
        assert error["errors"][0]["parameterName"] == "eventFilters"
        for body in ('{"eventFilters": []}', "{}"):
            assert (await link.ask("POST", SUBSCRIPTION, json.loads(body)))[1]["errorCode"] == "SUB-508"
        assert (await link.ask("POST", SUBSCRIPTION, []))[1]["errorCode"] == "CMN-104"


async def test_filters_match_what_the_guide_says(visitor: Visitor) -> None:
    world = visitor.box.world
    early = world.create_batch("Before", number=FIRST, recipients=[CUSTOMER])
    filters = {
        f"{BATCHES}?from={FIRST}": [("batch", FIRST)],
        f"{BATCHES}/{early.id}": [("batch", FIRST)],
        f"{INBOUND}&to={SECOND}": [("inbound", SECOND)],
        f"{OUTBOUND}&from={SECOND}": [("outbound", SECOND)],
        f"{OPT_OUTS}?from={FIRST}": [("optout", FIRST)],
        BATCHES: [("batch", FIRST), ("batch", SECOND)],
        INBOUND: [("inbound", FIRST), ("inbound", SECOND)],
        OUTBOUND: [("outbound", FIRST), ("outbound", SECOND)],
        OPT_OUTS: [("optout", FIRST), ("optout", SECOND)],
    }
    async with visitor.link() as link:
        for text, expected in filters.items():
            await link.subscribe(text)
            seen = len(world.journal.truth)
            world.complete_batch(early.id)
            early.status, early.processed = "Processing", 0
            for number in (FIRST, SECOND):
                world.send(CUSTOMER, "Hi", number=number)
                word = "START" if world.consents.opted_out(number, CUSTOMER) else "STOP"
                world.inbound(CUSTOMER, word, number=number)
            told = {envelope["uuid"]: envelope for envelope in await link.settle()}
            fitting = [change for change in world.journal.truth[seen:] if change.uuids]
            assert {uuid for change in fitting for uuid in change.uuids} == set(told)
            assert sorted({(change.family, change.number) for change in fitting}) == sorted(expected)
            if text.endswith(early.id):
                assert {change.ref for change in fitting} == {early.id}
            assert {envelope["event"] for envelope in told.values()} == {text.replace("~", ACCOUNT_ID)}


async def test_bodies_have_the_shape_of_the_samples(visitor: Visitor) -> None:
    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {name: shape(part) for name, part in value.items()}
        return [shape(part) for part in value] if isinstance(value, list) else type(value)

    samples = {
        name: shape(json.loads((GUIDE / f"{name}.json").read_text()))
        for name in ("batch-messages-1", "batch-message-optout", "message-batch")
    }
    async with visitor.link(INBOUND, OPT_OUTS, BATCHES) as link:
        visitor.box.world.opt_out(CUSTOMER)
        visitor.box.world.create_batch("Hi", recipients=[CUSTOMER])
        assert [shape(envelope) for envelope in await link.settle()] == list(samples.values())


async def test_two_filters_that_match_give_one_change_under_two_uuids(visitor: Visitor) -> None:
    async with visitor.link(OPT_OUTS, f"{OPT_OUTS}?from={FIRST}") as link:
        visitor.box.world.opt_out(CUSTOMER)
        one, two = await link.settle()
        visitor.box.world.journal.tell_again(visitor.box.world.journal.truth[-1])
        again = await link.settle()
    change = visitor.box.world.journal.truth[-1]
    assert one["body"] == two["body"] == again[0]["body"]
    uuids = [envelope["uuid"] for envelope in (one, two, *again)]
    assert len(set(uuids)) == 4
    assert change.uuids == uuids


async def test_filters_can_be_disabled(visitor: Visitor) -> None:
    visitor.box.gateway.subscriptions.disabled_filters["opt-outs"] = "Not allowed"
    async with visitor.link(INBOUND, OPT_OUTS, f"{BATCHES}?from=+15105550199") as link:
        validate(link.subscription, {"$ref": "#/components/schemas/SubscriptionInfo"})
        assert link.subscription["eventFilters"] == [INBOUND.replace("~", ACCOUNT_ID)]
        disabled = {entry["filter"]: entry["message"] for entry in link.subscription["disabledFilters"]}
        assert disabled == {
            OPT_OUTS.replace("~", ACCOUNT_ID): "Not allowed",
            f"{BATCHES}?from=+15105550199".replace("~", ACCOUNT_ID): (
                "Phone number does not belong to the account"
            ),
        }
        visitor.box.world.opt_out(CUSTOMER)
        assert [envelope["event"] for envelope in await link.settle()] == [INBOUND.replace("~", ACCOUNT_ID)]


async def test_a_missing_permission_refuses_the_subscription(visitor: Visitor) -> None:
    visitor.box.faults.denied["WebSocketSubscription"] = "CMN-401"
    async with visitor.link() as link:
        meta, error = await link.ask("POST", SUBSCRIPTION, {"eventFilters": [INBOUND]})
    assert (meta["status"], error["errorCode"]) == (403, "CMN-401")
    assert error["permissionName"] == "WebSocketSubscription"


async def test_a_ws_token_serves_once(visitor: Visitor) -> None:
    token = await visitor.ws_token()
    address = f"{token['uri']}?access_token={token['ws_access_token']}"
    async with connect(address, proxy=None) as socket:
        await socket.recv()
    async with connect(address, proxy=None) as socket:
        assert await Link(socket).ending() == 4401
    late = await visitor.ws_token()
    visitor.box.clock.skip(31)
    async with connect(f"{late['uri']}?access_token={late['ws_access_token']}", proxy=None) as socket:
        assert await Link(socket).ending() == 4401
    async with connect(late["uri"], proxy=None) as socket:
        assert await Link(socket).ending() == 4400
    assert visitor.box.requests.count("/restapi/oauth/wstoken") == 2


@pytest.mark.parametrize("text", ["not json", "{}", "[]", '["x"]', '[{"type":"Nonsense"}]', "[" * 5000, "7"])
async def test_a_malformed_frame_is_answered_with_an_error(visitor: Visitor, text: str) -> None:
    async with visitor.link(INBOUND) as link:
        await link.socket.send(text)
        meta, error = await link.frame()
        assert (meta["type"], error["errorCode"]) == ("Error", "WSG-400")
        visitor.box.world.inbound(CUSTOMER, "still here")
        assert (await link.body())["body"]["text"] == "still here"


async def test_a_heartbeat_is_answered(visitor: Visitor) -> None:
    frame = json.loads((GUIDE / "heart-beat-request.json").read_text())
    async with visitor.link() as link:
        await link.socket.send(json.dumps(frame))
        assert await link.frame() == frame


@pytest.mark.parametrize(
    "name",
    [
        "batch-message-optout",
        "opt-in",
        "batch-messages-1",
        "batch-messages-2",
        "message-batch",
        "specific-message-batch",
    ],
)
async def test_an_envelope_passes_byte_for_byte(visitor: Visitor, name: str) -> None:
    text = (GUIDE / f"{name}.json").read_text()
    async with visitor.link(f"{OPT_OUTS}?from={SECOND}") as link:
        assert visitor.box.gateway.send_raw_body(text) == 1
        received = await link.socket.recv()
        assert isinstance(received, str)
        assert received.endswith(f",{text}]")
        assert visitor.box.gateway.send_raw('{"broken": \ud83d'.encode("utf-8", "ignore").decode()) == 1
        assert await link.socket.recv() == '{"broken": '


class TestTimeouts:
    """Limits that end a connection, each announced by an Error frame."""

    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions(rate_limits=NO_RATE_LIMITS, ping_interval=1e6)

    async def test_idle(self, visitor: Visitor) -> None:
        async with visitor.link(INBOUND) as link:
            visitor.box.clock.skip(1799)
            await link.settle()
            visitor.box.clock.skip(1799)
            visitor.box.world.inbound(CUSTOMER, "traffic counts")
            await link.body()
            visitor.box.clock.skip(1801)
            meta, error = await link.frame()
            assert (meta["type"], error["errorCode"]) == ("Error", "WSG-902")
            await link.ending()

    async def test_absolute(self, visitor: Visitor) -> None:
        async with visitor.link(INBOUND) as link:
            for _ in range(48):
                visitor.box.clock.skip(1799)
                await link.settle()
            visitor.box.clock.skip(200)
            meta, error = await link.frame()
            assert (meta["type"], error["errorCode"]) == ("Error", "WSG-903")
            await link.ending()
        await visitor.sign_in()


async def test_a_peer_without_pongs_is_given_up(until: Until) -> None:
    options = SandboxOptions(rate_limits=NO_RATE_LIMITS, ping_interval=0.05, pong_timeout=0.1)
    async with Sandbox(options) as box, Visitor(box) as visitor:
        await visitor.sign_in()
        async with visitor.link(INBOUND) as link:
            await asyncio.sleep(0.4)
            assert await link.settle() == [], "a client that answers pings stays"
        token = await visitor.ws_token()
        host, port = box.server_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /ws?access_token={token['ws_access_token']} HTTP/1.1\r\nHost: {host}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        await reader.readuntil(b"ConnectionDetails")
        await until(lambda: not list(box.gateway.connections()))
        writer.close()


async def test_a_connection_may_die_with_its_token(until: Until) -> None:
    options = SandboxOptions(rate_limits=NO_RATE_LIMITS, socket_outlives_token=False)
    async with Sandbox(options) as box, Visitor(box) as visitor:
        await visitor.sign_in()
        async with visitor.link(INBOUND) as link:
            box.oauth.expire_access_tokens()
            assert await link.ending() == 4401


async def test_a_connection_normally_outlives_its_token(visitor: Visitor) -> None:
    async with visitor.link(INBOUND) as link:
        visitor.box.oauth.expire_access_tokens()
        assert await link.settle() == []
