"""Batches and messages read back: the REST answers say what the stream said."""

from datetime import timedelta

from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.sandbox.model import ALL_DELIVERED, OutcomeMix
from tests.sandbox.visitor import A2P, ACCOUNT, BATCHES, OPT_OUTS, OUTBOUND, Visitor

FIRST, SECOND = HIGH_VOLUME_NUMBERS[:2]
CUSTOMER = "+12125550100"
MESSAGES = f"{A2P}/messages"


async def test_a_batchs_life_in_the_stream_and_by_rest(visitor: Visitor) -> None:
    world = visitor.box.world
    async with visitor.link(BATCHES, OUTBOUND) as link:
        mix = OutcomeMix(delivered=0.5, delivery_failed=0.2, sending_failed=0.2)
        batch = world.create_batch("Hi", size=60, rejected=["+15550000000"], mix=mix)
        world.progress_batch(batch.id, 25)
        world.progress_batch(batch.id)
        settled = world.settle_batch(batch.id)
        told = await link.settle()
        states = [
            (envelope["body"]["status"], envelope["body"]["processedCount"])
            for envelope in told
            if "batchSize" in envelope["body"]
        ]
        assert states == [("Processing", 0), ("Processing", 25), ("Completed", 60)]
        newest = {envelope["body"]["id"]: envelope["body"] for envelope in told}
        outcomes = [body["messageStatus"] for body in newest.values() if "messageStatus" in body]
        assert {"Delivered", "DeliveryFailed", "SendingFailed", "Sent"} == set(outcomes)
        assert settled == outcomes.count("Delivered") + outcomes.count("DeliveryFailed")
        read = (await visitor.get(f"{BATCHES}/{batch.id}")).json()
        assert read == newest[batch.id]
        assert read["batchSize"] == 61
        assert read["rejected"][0]["to"] == ["+15550000000"]
        listed = await visitor.pages(MESSAGES, batchId=batch.id, view="Detailed", perPage=7)
        assert len(listed) == 60
        for message in listed:
            assert {**message, "id": str(message["id"])} == newest[str(message["id"])]
        counts = (await visitor.get(f"{A2P}/statuses", batchId=batch.id)).json()
        assert counts["delivered"]["count"] == outcomes.count("Delivered")
        assert counts["sent"]["count"] == outcomes.count("Sent")
        assert sum(counts["sendingFailed"]["errorCodeCounts"].values()) == counts["sendingFailed"]["count"]
        assert abs(sum(part["cost"] for part in counts.values()) - read["cost"]) < 1e-9


async def test_lists_are_windows_over_the_time_of_creation(visitor: Visitor) -> None:
    world = visitor.box.world
    old = world.create_batch("Hi", recipients=[CUSTOMER], mix=ALL_DELIVERED)
    visitor.box.clock.skip(25 * 3600)
    await visitor.sign_in()
    world.complete_batch(old.id)
    assert await visitor.pages(MESSAGES) == []
    assert await visitor.pages(BATCHES) == []
    assert await visitor.pages(MESSAGES, batchId=old.id) == [], "the default window holds here, too"
    since = (old.created - timedelta(seconds=1)).isoformat()
    assert [m["messageStatus"] for m in await visitor.pages(MESSAGES, dateFrom=since)] == ["Delivered"]
    assert [b["id"] for b in await visitor.pages(BATCHES, dateFrom=since)] == [old.id]
    until = (old.created + timedelta(seconds=1)).isoformat()
    assert len(await visitor.pages(MESSAGES, dateFrom=since, dateTo=until)) == 1
    assert len(await visitor.pages(MESSAGES, dateTo=until)) == 1
    assert await visitor.pages(MESSAGES, dateFrom=until) == []
    backwards = await visitor.get(MESSAGES, dateFrom=until, dateTo=since)
    assert backwards.status_code == 400


async def test_lists_are_narrowed(visitor: Visitor) -> None:
    world = visitor.box.world
    world.send(CUSTOMER, "out of the first", number=FIRST)
    world.inbound(CUSTOMER, "to the second", number=SECOND)
    world.inbound("+12125550101", "to the first", number=FIRST)

    async def texts(**params: object) -> list[str]:
        return [m["text"] for m in await visitor.pages(MESSAGES, view="Detailed", **params)]

    assert await texts() == ["to the first", "to the second", "out of the first"]
    assert await texts(direction="Inbound") == ["to the first", "to the second"]
    assert await texts(phoneNumber=FIRST) == ["to the first", "out of the first"]
    assert await texts(phoneNumber=[FIRST, SECOND], direction="Inbound") == ["to the first", "to the second"]
    assert await texts(phoneNumber=CUSTOMER, direction="Outbound") == ["out of the first"]
    assert "text" not in (await visitor.pages(MESSAGES))[0]
    assert len(await visitor.pages(BATCHES, status="Processing")) == 0
    assert len(await visitor.pages(BATCHES, **{"from": SECOND})) == 0


async def test_a_message_by_id_names_its_times_otherwise(visitor: Visitor) -> None:
    message = visitor.box.world.inbound(CUSTOMER, "Hello")
    read = (await visitor.get(f"{MESSAGES}/{message.id}")).json()
    assert read["id"] == str(message.id)
    assert read["text"] == "Hello"
    assert "createdAt" in read
    assert "lastUpdatedAt" in read
    assert "creationTime" not in read


async def test_pages_do_not_shift_while_texts_come_in(visitor: Visitor) -> None:
    world = visitor.box.world
    world.flood(10)
    first = (await visitor.get(MESSAGES, perPage=4, view="Detailed")).json()
    world.flood(3)
    token = first["paging"]["nextPageToken"]
    rest = await visitor.pages(MESSAGES, perPage=4, view="Detailed", pageToken=token)
    seen = [message["text"] for message in (*first["records"], *rest)]
    assert seen == [f"Message {number} of 10" for number in range(10, 0, -1)]


async def test_a_page_holds_at_most_a_thousand(visitor: Visitor) -> None:
    visitor.box.world.flood(1100)
    page = (await visitor.get(MESSAGES, perPage=5000)).json()
    assert len(page["records"]) == page["paging"]["perPage"] == 1000
    assert len(await visitor.pages(MESSAGES)) == 1100


async def test_a_posted_batch_is_sent_out(visitor: Visitor) -> None:
    async with visitor.link(BATCHES) as link:
        order = {"from": FIRST, "text": "Hello", "messages": [{"to": [CUSTOMER]}]}
        batch = (await visitor.request("POST", BATCHES, json=order)).json()
        assert batch["status"] == "Processing"
        while (envelope := await link.body())["body"]["status"] != "Completed":
            pass
        assert envelope["body"]["id"] == batch["id"]
    for broken in (
        {**order, "from": "+16505550110"},
        {**order, "messages": [{"to": ["1"]}]},
        {**order, "text": ""},
    ):
        assert (await visitor.request("POST", BATCHES, json=broken)).status_code == 400


async def test_only_some_numbers_send_high_volume(visitor: Visitor) -> None:
    extension = await visitor.get(f"{ACCOUNT}/extension/~/phone-number")
    able = [n["phoneNumber"] for n in extension.json()["records"] if "A2PSmsSender" in n["features"]]
    assert able == list(HIGH_VOLUME_NUMBERS)
    assert len(extension.json()["records"]) > len(able)
    account = await visitor.get(f"{ACCOUNT}/phone-number")
    assert all("features" not in number for number in account.json()["records"])


async def test_fifty_thousand_messages_are_no_trouble(visitor: Visitor) -> None:
    async with visitor.link(OPT_OUTS):
        visitor.box.world.flood(50_000)
        assert len(visitor.box.world.journal.messages) == 50_000
        page = (await visitor.get(MESSAGES)).json()
        assert page["records"][0]["id"] == max(visitor.box.world.journal.messages)
