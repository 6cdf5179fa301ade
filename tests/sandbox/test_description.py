"""Every answer of every endpoint fits the official description."""

import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from app.sandbox.model import DELIVERY_ERRORS, SENDING_ERRORS, OutcomeMix
from tests.sandbox.description import COPY, ORIGINAL, operation_of, operations, without_prose
from tests.sandbox.visitor import (
    A2P,
    ACCOUNT,
    BATCHES,
    CONSENTS,
    INBOUND,
    OPT_OUTS,
    Visitor,
    code_of,
    pkce,
)

SUBSCRIPTION = "/restapi/v1.0/subscription"
NUMBER, CUSTOMER = "+16505550100", "+12125550100"
NOT_OFFERED = {("GET", "/restapi/oauth/jwks")}
"""The sandbox signs no identity tokens, so it has no keys to publish."""


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the official description is not at hand")
def test_our_copy_is_the_official_description_without_its_prose() -> None:
    official = json.loads(ORIGINAL.read_text(encoding="utf-8"))
    assert json.loads(COPY.read_text(encoding="utf-8")) == without_prose(official)


def test_the_failures_of_the_world_have_official_codes() -> None:
    listed = json.loads((COPY.parent / "guide" / "sms-error-codes.json").read_text(encoding="utf-8"))
    assert {*SENDING_ERRORS, *DELIVERY_ERRORS} <= set(listed["codes"])


async def _whole_sign_in(visitor: Visitor) -> list[httpx.Response]:
    verifier, challenge = pkce()
    page = await visitor.http.get(
        "/restapi/oauth/authorize", params={"client_id": "nobody"}, headers={"Accept": "application/json"}
    )
    approval = await visitor.authorize(challenge)
    visitor.box.oauth.auto_approve = True
    at_once = await visitor.authorize(challenge)
    return [page, approval, at_once, await visitor.exchange(code_of(at_once), verifier)]


async def _batches(visitor: Visitor) -> list[httpx.Response]:
    order = {
        "from": NUMBER,
        "text": "Hello",
        "messages": [{"to": [CUSTOMER]}, {"to": ["+12125550101"], "text": "x"}],
    }
    posted = await visitor.request("POST", BATCHES, json=order)
    assert posted.status_code == 201
    visitor.box.world.create_batch(
        "Reminder", size=60, rejected=["+15550000000"], mix=OutcomeMix(0.4, 0.3, 0.2)
    )
    for batch_id in visitor.box.world.journal.batches:
        visitor.box.world.complete_batch(batch_id)
    visitor.box.world.inbound(CUSTOMER, "Thanks")
    first = next(iter(visitor.box.world.journal.batches))
    message = next(iter(visitor.box.world.journal.messages))
    answers = [
        posted,
        await visitor.get(BATCHES, perPage=1),
        await visitor.get(BATCHES, status="Completed", **{"from": NUMBER}),
        await visitor.get(f"{BATCHES}/{first}"),
        await visitor.get(f"{A2P}/messages", view="Detailed", perPage=10),
        await visitor.get(f"{A2P}/messages", direction=["Inbound", "Outbound"], phoneNumber=[NUMBER]),
        await visitor.get(f"{A2P}/messages/{message}"),
        await visitor.get(f"{A2P}/statuses"),
    ]
    statuses = answers[-1].json()
    assert statuses["deliveryFailed"]["errorCodeCounts"]
    assert statuses["sendingFailed"]["errorCodeCounts"]
    assert answers[1].json()["paging"]["nextPageToken"]
    return answers


async def _consents(visitor: Visitor) -> list[httpx.Response]:
    visitor.box.world.opt_out(CUSTOMER)
    record = {
        "from": NUMBER,
        "to": "+12125550102",
        "optStatus": "OptOut",
        "coverage": "PhoneNumber",
        "source": "Api",
    }
    foreign = {**record, "from": "+16505559999"}
    answers = [
        await visitor.request("PATCH", CONSENTS, json={"records": [record, foreign]}),
        await visitor.get(CONSENTS, optStatus=["OptOut", "OptIn"]),
        await visitor.request("POST", f"{CONSENTS}/search", json={"to": [CUSTOMER], "optStatus": "OptOut"}),
        await visitor.get(f"{CONSENTS}/history", to=CUSTOMER),
        await visitor.get(f"{CONSENTS}/history"),
        await visitor.get(f"{CONSENTS}/export"),
        await visitor.get(OPT_OUTS, status="all"),
        await visitor.request("GET", OPT_OUTS, headers={"Accept": "text/csv"}),
        await visitor.request(
            "POST",
            f"{OPT_OUTS}/bulk-assign",
            json={"from": NUMBER, "optOuts": [CUSTOMER, "12"], "optIns": []},
        ),
    ]
    assert answers[0].json()["failedRecords"][0]["error"]["errorCode"] == "CMN-102"
    assert answers[1].json()["records"]
    return answers


async def _subscriptions(visitor: Visitor) -> list[httpx.Response]:
    async with visitor.link(INBOUND) as link:
        one = f"{SUBSCRIPTION}/{link.subscription['id']}"
        answers = [
            await visitor.get(SUBSCRIPTION),
            await visitor.get(one),
            await visitor.request("PUT", one),
            await visitor.request("POST", f"{one}/renew"),
            await visitor.request("PUT", one, json={"eventFilters": [INBOUND]}),
            await visitor.request("POST", SUBSCRIPTION, json={"eventFilters": [INBOUND]}),
            await visitor.request("DELETE", one),
            await visitor.get(one),
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 400, 400, 204, 404]
        return answers


async def _directory(visitor: Visitor) -> list[httpx.Response]:
    extension = f"{ACCOUNT}/extension/~"
    answers = [
        await visitor.get(extension),
        await visitor.get(f"{extension}/phone-number", perPage=2, page=2),
        await visitor.get(f"{ACCOUNT}/phone-number"),
        await visitor.get("/restapi/oauth/userinfo"),
        await visitor.request("POST", "/restapi/oauth/wstoken"),
    ]
    assert answers[1].json()["navigation"].keys() == {"firstPage", "lastPage", "nextPage", "previousPage"}
    return answers


async def _sign_out(visitor: Visitor) -> list[httpx.Response]:
    form = {"token": visitor.tokens["access_token"], "client_id": visitor.box.client_id}
    return [await visitor.revoke(form), await visitor.revoke(form)]


Round = Callable[[Visitor], Awaitable[list[httpx.Response]]]
ROUNDS: list[Round] = [_whole_sign_in, _directory, _batches, _consents, _subscriptions, _sign_out]


async def test_every_described_operation_answers_as_described(visitor: Visitor) -> None:
    """The visitor checks each answer; here it is only made sure that none is left out."""
    succeeded = set()
    for visit in ROUNDS:
        for response in await visit(visitor):
            if response.status_code < 400:
                succeeded.add(operation_of(response.request.method, response.request.url.path))
    impossible = {("POST", SUBSCRIPTION)}  # webhooks only, says the description; ours has none
    assert succeeded == set(operations()) - NOT_OFFERED - impossible


@pytest.mark.parametrize(
    ("path", "params"),
    [
        (f"{A2P}/messages", {"phoneNumber": "16505550100"}),
        (f"{A2P}/messages", {"phoneNumber": [f"+165055501{tail:02d}" for tail in range(16)]}),
        (f"{A2P}/messages", {"direction": "Sideways"}),
        (f"{A2P}/messages", {"view": "Full"}),
        (f"{A2P}/messages", {"dateFrom": "yesterday"}),
        (f"{A2P}/messages", {"dateFrom": "2026-01-01T00:00:00"}),
        (f"{A2P}/messages", {"pageToken": "???"}),
        (f"{A2P}/messages", {"perPage": "0"}),
        (BATCHES, {"status": "Done"}),
        (BATCHES, {"from": " 16505550100"}),
        (OPT_OUTS, {"status": "both"}),
        (CONSENTS, {"optStatus": "optout"}),
        (f"{CONSENTS}/history", {"to": [f"+121255501{tail:02d}" for tail in range(21)]}),
        (f"{ACCOUNT}/extension/~/phone-number", {"page": "first"}),
    ],
)
async def test_a_bad_parameter_is_named(visitor: Visitor, path: str, params: dict[str, str]) -> None:
    response = await visitor.get(path, **params)
    assert response.status_code == 400
    assert response.json()["errorCode"] == "CMN-101"
    assert response.json()["errors"][0]["parameterName"] in params


@pytest.mark.parametrize(
    "path",
    [
        f"{BATCHES}/1",
        f"{A2P}/messages/1",
        f"{A2P}/messages/x",
        BATCHES.replace("~", "1"),
        f"{SUBSCRIPTION}/1",
    ],
)
async def test_what_is_not_there_is_not_found(visitor: Visitor, path: str) -> None:
    response = await visitor.get(path)
    assert response.status_code == 404
    assert response.json()["errorCode"] == "CMN-102"
