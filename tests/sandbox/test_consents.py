"""Consent: keywords, the current API, the older list, and what the stream says of each."""

import csv

import pytest

from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from tests.sandbox.visitor import CONSENTS, INBOUND, OPT_OUTS, Visitor

FIRST, SECOND = HIGH_VOLUME_NUMBERS[:2]
CUSTOMER, OTHER = "+12125550100", "+12125550101"


async def search(visitor: Visitor, **criteria: object) -> list[tuple[str, str, str]]:
    response = await visitor.request("POST", f"{CONSENTS}/search", json=criteria)
    assert response.status_code == 200, response.text
    return [(record["from"], record["to"], record["optStatus"]) for record in response.json()["records"]]


async def write(visitor: Visitor, *records: dict[str, str]) -> dict[str, object]:
    response = await visitor.request("PATCH", CONSENTS, json={"records": list(records)})
    assert response.status_code == 200, response.text
    answer: dict[str, object] = response.json()
    return answer


def consent(number: str, customer: str, status: str, **more: str) -> dict[str, str]:
    return {
        "from": number,
        "to": customer,
        "optStatus": status,
        "coverage": "PhoneNumber",
        "source": "Api",
    } | more


@pytest.mark.parametrize("word", ["STOP", "unsubscribe", "Quit", " cancel\n", "END"])
async def test_a_keyword_opts_out_of_that_number_only(visitor: Visitor, word: str) -> None:
    async with visitor.link(INBOUND, OPT_OUTS) as link:
        visitor.box.world.inbound(CUSTOMER, word, number=FIRST)
        text, opt_out = await link.settle()
        assert text["body"]["text"] == word
        assert opt_out["body"] == {"from": FIRST, "to": CUSTOMER, "active": True}
        assert await search(visitor, to=[CUSTOMER], optStatus="OptOut") == [(FIRST, CUSTOMER, "OptOut")]
        visitor.box.world.inbound(CUSTOMER, word, number=FIRST)
        assert [envelope["body"]["text"] for envelope in await link.settle()] == [word], "it is not news"


@pytest.mark.parametrize("word", ["START", "Subscribe", "resume", "CONTINUE", "unstop"])
async def test_a_keyword_opts_back_in(visitor: Visitor, word: str) -> None:
    async with visitor.link(OPT_OUTS) as link:
        visitor.box.world.inbound(CUSTOMER, word)
        assert await link.settle() == [], "who never opted out cannot opt back in"
        visitor.box.world.opt_out(CUSTOMER)
        visitor.box.world.inbound(CUSTOMER, word)
        assert [envelope["body"]["active"] for envelope in await link.settle()] == [True, False]
    assert await search(visitor, to=[CUSTOMER], optStatus="OptIn") == [(FIRST, CUSTOMER, "OptIn")]
    assert await search(visitor, to=[CUSTOMER]) == [], "opt-outs only, unless asked otherwise"


@pytest.mark.parametrize("text", ["please stop", "STOP!", "REVOKE", "stopped", "I'll continue"])
async def test_other_words_change_nothing(visitor: Visitor, text: str) -> None:
    async with visitor.link(OPT_OUTS) as link:
        visitor.box.world.inbound(CUSTOMER, text)
        assert await link.settle() == []


async def test_sending_to_who_opted_out_fails(visitor: Visitor) -> None:
    world = visitor.box.world
    world.opt_out(CUSTOMER, number=FIRST)
    blocked = world.send(CUSTOMER, "Hello", number=FIRST).messages[0]
    assert (blocked.status, blocked.error_code) == ("SendingFailed", "SMS-RC-413")
    assert world.send(CUSTOMER, "Hello", number=SECOND).messages[0].status == "Delivered"
    world.opt_in(CUSTOMER, number=FIRST)
    assert world.send(CUSTOMER, "Hello", number=FIRST).messages[0].status == "Delivered"


async def test_recording_for_one_number_and_for_all(visitor: Visitor) -> None:
    async with visitor.link(OPT_OUTS) as link:
        assert await write(visitor, consent(FIRST, CUSTOMER, "OptOut")) == {}
        assert [envelope["body"]["from"] for envelope in await link.settle()] == [FIRST]
        await write(visitor, consent("*", OTHER, "OptOut", coverage="Account"))
        told = {envelope["body"]["from"] for envelope in await link.settle()}
        assert told == set(HIGH_VOLUME_NUMBERS)
    assert len(await search(visitor, to=[OTHER], optStatus="OptOut")) == len(HIGH_VOLUME_NUMBERS)
    assert await search(visitor, to=[OTHER], coverage=["PhoneNumber"]) == []
    assert len(await search(visitor, coverage=["Account"])) == len(HIGH_VOLUME_NUMBERS)
    both = await search(visitor, **{"from": [FIRST]}, to=[CUSTOMER, OTHER])
    assert {pair[1] for pair in both} == {CUSTOMER, OTHER}


async def test_both_spellings_of_the_coverage(visitor: Visitor) -> None:
    await write(visitor, consent(FIRST, CUSTOMER, "OptOut", coverage="phoneNumber"))
    response = await visitor.request("POST", f"{CONSENTS}/search", json={"to": [CUSTOMER]})
    assert response.json()["records"][0]["coverage"] == "PhoneNumber"


@pytest.mark.parametrize(
    "wrong",
    [{"to": "5550100"}, {"from": ""}, {"optStatus": "Out"}, {"source": "Phone"}, {"coverage": "World"}],
)
async def test_a_malformed_record_refuses_all(visitor: Visitor, wrong: dict[str, str]) -> None:
    body = {"records": [consent(FIRST, CUSTOMER, "OptOut"), consent(FIRST, OTHER, "OptOut") | wrong]}
    response = await visitor.request("PATCH", CONSENTS, json=body)
    assert (response.status_code, response.json()["errorCode"]) == (400, "CMN-101")
    assert not visitor.box.world.consents.history


@pytest.mark.parametrize(
    "criteria",
    [
        {"from": []},
        {"to": [f"+121255501{tail:02d}" for tail in range(21)]},
        {"to": [CUSTOMER, CUSTOMER]},
        {"optStatus": ["OptOut", "OptIn"]},
        {"coverage": "Account"},
        {"perPage": 0},
        {"pageToken": 5},
    ],
)
async def test_bad_criteria(visitor: Visitor, criteria: dict[str, object]) -> None:
    response = await visitor.request("POST", f"{CONSENTS}/search", json=criteria)
    assert (response.status_code, response.json()["errorCode"]) == (400, "CMN-101")


async def test_history_tells_every_change_newest_first(visitor: Visitor) -> None:
    world = visitor.box.world
    world.opt_out(CUSTOMER)
    world.opt_out(OTHER)
    await write(visitor, consent(FIRST, CUSTOMER, "OptIn"))
    everything = await visitor.pages(f"{CONSENTS}/history", perPage=1)
    assert [(entry["to"], entry["optStatus"], entry["source"]) for entry in everything] == [
        (CUSTOMER, "OptIn", "Api"),
        (OTHER, "OptOut", "Recipient"),
        (CUSTOMER, "OptOut", "Recipient"),
    ]
    own = await visitor.pages(f"{CONSENTS}/history", to=CUSTOMER)
    assert [entry["optStatus"] for entry in own] == ["OptIn", "OptOut"]


async def test_history_pages_do_not_shift(visitor: Visitor) -> None:
    world = visitor.box.world
    world.flood(5, "optout")
    first = (await visitor.get(f"{CONSENTS}/history", perPage=3)).json()
    world.opt_out(CUSTOMER, number=SECOND)
    token = first["paging"]["nextPageToken"]
    second = (await visitor.get(f"{CONSENTS}/history", perPage=3, pageToken=token)).json()
    seen = [entry["to"] for entry in (*first["records"], *second["records"])]
    assert seen == [change.to for change in world.consents.history[:5]][::-1]
    assert "nextPageToken" not in second["paging"]


async def test_the_older_list(visitor: Visitor) -> None:
    visitor.box.world.opt_out(CUSTOMER, number=FIRST)
    visitor.box.world.opt_out(CUSTOMER, number=SECOND)
    visitor.box.world.opt_in(CUSTOMER, number=SECOND)
    await write(visitor, consent(FIRST, OTHER, "OptOut"))

    async def listed(**params: str) -> set[tuple[str, str, str]]:
        records = await visitor.pages(OPT_OUTS, perPage=1, **params)
        return {(entry["from"], entry["to"], entry["source"]) for entry in records}

    out = {(FIRST, CUSTOMER, "Recipient"), (FIRST, OTHER, "Account")}
    assert await listed() == out
    assert await listed(status="optin") == {(SECOND, CUSTOMER, "Recipient")}
    assert len(await listed(status="all")) == 3
    assert await listed(to=OTHER, **{"from": FIRST}) == {(FIRST, OTHER, "Account")}


async def test_the_export_has_the_described_columns(visitor: Visitor) -> None:
    await write(visitor, consent("*", CUSTOMER, "OptOut", coverage="Account"))
    rows = list(csv.DictReader((await visitor.get(f"{CONSENTS}/export")).text.splitlines()))
    assert {row["Internal Party Number"] for row in rows} == set(HIGH_VOLUME_NUMBERS)
    assert {(row["External Party Number"], row["Consent Status"], row["Coverage"]) for row in rows} == {
        (CUSTOMER, "OptOut", "Company")
    }
