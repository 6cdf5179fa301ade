"""The control address, and the truth log it reads."""

import re

import httpx
import pytest

from app.sandbox import Sandbox, control
from tests.sandbox.visitor import ACCOUNT, BATCHES, INBOUND, OPT_OUTS, OUTBOUND, Link, Visitor

CUSTOMER = "+12125550100"


async def command(box: Sandbox, name: str, **arguments: object) -> dict[str, object]:
    async with httpx.AsyncClient(base_url=box.control_url, trust_env=False) as client:
        response = await client.post(f"/{name}", json=arguments)
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    assert answer.pop("ok") is True
    return answer


async def test_every_command_is_listed_and_described(box: Sandbox) -> None:
    async with httpx.AsyncClient(base_url=box.control_url, trust_env=False) as client:
        index = (await client.get("/")).json()
        described = re.findall(r"^    ([a-z][a-z0-9-]+) ", control.__doc__ or "", re.MULTILINE)
        assert index["help"] == control.__doc__
        assert sorted(described) == index["commands"]
        assert (await client.post("/nonsense")).status_code == 404
        assert (await client.post("/drop", content="{}")).status_code == 415
        wrong = await client.post("/inbound", json={"nobody": 1})
        assert wrong.status_code == 400
        assert "nobody" in wrong.json()["error"]
        for name, arguments in (
            ("consent", {"number": "a", "customer": "b", "status": "c"}),
            ("deny", {"permission": "A2PSMS", "code": "CMN-1"}),
            ("emit", {"count": 1, "family": "voicemail"}),
            ("progress-batch", {"batch_id": "1"}),
        ):
            assert (await client.post(f"/{name}", json=arguments)).status_code == 400


async def test_texts_batches_and_consent(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND, OUTBOUND, OPT_OUTS, BATCHES) as link:
        await command(box, "inbound", customer=CUSTOMER, text="Hello")
        await command(box, "opt-out", customer=CUSTOMER)
        await command(box, "opt-in", customer=CUSTOMER)
        changed = await command(
            box, "consent", number=box.world.numbers[1].e164, customer=CUSTOMER, status="OptOut"
        )
        assert changed == {"changed": True}
        batch = await command(box, "create-batch", text="Hi", size=4, delivered=1, sending_failed=0)
        await command(box, "progress-batch", batch_id=batch["batch_id"], count=2)
        assert (await command(box, "settle-batch", batch_id=batch["batch_id"])) == {"settled": 2}
        await command(box, "complete-batch", batch_id=batch["batch_id"])
        await command(box, "repeat")
        assert (await command(box, "emit", count=30)) == {"changes": 30}
        assert (await command(box, "emit", count=9, family="outbound"))["changes"] == 11
        assert (await command(box, "emit", count=5, family="optout")) == {"changes": 10}
        told = await link.settle()
    truth = (await command(box, "truth"))["changes"]
    assert isinstance(truth, list)
    uuids = [uuid for change in truth for uuid in change["uuids"]]
    assert uuids == [envelope["uuid"] for envelope in told if envelope["uuid"] in uuids]
    assert sorted(uuids) == sorted(envelope["uuid"] for envelope in told)
    assert len(uuids) == len(truth) + 1, "one change was told twice"
    assert (await command(box, "truth", since=len(truth) - 1))["changes"] == truth[-1:]


async def test_the_network(visitor: Visitor) -> None:
    box = visitor.box
    async with visitor.link(INBOUND) as link:
        assert (await command(box, "state"))["connections"] == 1
        assert (await command(box, "raw-frame", text="[[[")) == {"connections": 1}
        assert await link.socket.recv() == "[[["
        await command(box, "raw-body", text='{"odd":1}')
        assert (await link.frame())[1] == {"odd": 1}
        await command(box, "dark")
        await command(box, "light")
        assert (await command(box, "drop", close_frame=False)) == {"connections": 1}
        assert await link.ending() == 1006
    await command(box, "refuse")
    state = await command(box, "state")
    assert state["connections"] == 0
    assert state["server_url"] == box.server_url
    await command(box, "accept")
    await command(box, "forget-sessions")
    assert not box.gateway.sessions
    requests = await command(box, "requests")
    assert requests["counts"] == dict(box.requests.counts)


async def test_tokens_and_refusals(visitor: Visitor) -> None:
    box = visitor.box
    extension = f"{ACCOUNT}/extension/~"

    async def status() -> int:
        return (await visitor.get(extension)).status_code

    await command(box, "fail", status=503, count=1)
    assert [await status(), await status()] == [503, 200]
    await command(box, "penalty", group="Light", seconds=5)
    assert await status() == 429
    await command(box, "forget-limits")
    assert await status() == 200
    await command(box, "deny", permission="ReadAccounts", code="CMN-408")
    assert await status() == 403
    await command(box, "refuse-v2")
    await command(box, "disable-filters", part="opt-outs")
    await command(box, "clear")
    assert await status() == 200
    assert not box.gateway.subscriptions.disabled_filters
    await command(box, "skip", seconds=10)
    assert (await command(box, "expire-access")) == {"sessions": 1}
    assert await status() == 401
    assert (await command(box, "expire-refresh")) == {"sessions": 1}
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 400
    await visitor.sign_in()
    assert (await command(box, "revoke")) == {"sessions": 1}
    assert await status() == 401
    await command(box, "auto-approve")
    assert box.oauth.auto_approve is True


@pytest.mark.parametrize("text", ["", "plain", "\x00", "é" * 70_000, '[{"type":"ServerNotification"},{}]'])
async def test_any_text_is_sent_as_it_is(visitor: Visitor, text: str) -> None:
    async with visitor.link() as link:
        await command(visitor.box, "raw-frame", text=text)
        assert await Link(link.socket).socket.recv() == text
