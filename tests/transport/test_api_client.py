"""REST requests with everything they take."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.domain.numbers import OwnNumber
from app.domain.problems import (
    PermissionMissing,
    RateHeld,
    ServiceError,
    SignInNeeded,
    Unreachable,
)
from app.ringcentral.rates import Group, RateWindows
from app.transport.api_client import ApiClient, BatchCounts
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import MemoryVault
from tests.transport.conftest import ManualClock
from tests.transport.service import SERVER, RestService, TokenService, client_for


class Desk:
    """A signed-in client and the service it talks to."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.tokens = TokenService()
        self.service = RestService(self.tokens)
        self.http = client_for(self.service)
        self.rates = RateWindows({Group.AUTH: 1000})
        self.keeper = TokenKeeper(
            self.http,
            MemoryVault(),
            clock,
            server_url=SERVER,
            client_id="id",
            sleep=clock.sleep,
        )
        self.api = ApiClient(self.http, self.keeper, self.rates, clock, sleep=clock.sleep, chance=lambda: 1.0)

    def will_answer(self, *answers: Any) -> None:
        """Give these answers in turn: responses, exceptions, or JSON."""
        self.service.script = [
            answer if isinstance(answer, httpx.Response | Exception) else httpx.Response(200, json=answer)
            for answer in answers
        ]

    @property
    def asked(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.service.seen]

    def query(self, number: int = -1) -> dict[str, str]:
        return dict(self.service.seen[number].url.params)


@pytest.fixture
async def desk(clock: ManualClock) -> AsyncIterator[Desk]:
    desk = Desk(clock)
    await desk.keeper.exchange("good", "v", "http://x")
    yield desk
    await desk.http.aclose()


class TestRequest:
    async def test_the_token_is_sent(self, desk: Desk) -> None:
        desk.will_answer({"a": 1})
        assert await desk.api.request("GET", "/x") == {"a": 1}
        assert desk.service.seen[0].headers["authorization"] == "Bearer A0"
        assert str(desk.service.seen[0].url) == f"{SERVER}/x"

    async def test_a_plus_sign_reaches_the_service_as_one(self, desk: Desk) -> None:
        desk.will_answer({})
        await desk.api.request("GET", "/x", params={"from": "+16505550100", "phoneNumber": ["+1", "+2"]})
        assert desk.service.seen[0].url.query == b"from=%2B16505550100&phoneNumber=%2B1&phoneNumber=%2B2"

    async def test_an_empty_answer(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(204))
        assert await desk.api.request("DELETE", "/x") == {}

    async def test_json_is_sent(self, desk: Desk) -> None:
        desk.will_answer({})
        await desk.api.request("POST", "/x", json={"from": ["+1"]})
        assert desk.service.seen[0].content == b'{"from":["+1"]}'

    async def test_a_rejected_token_is_refreshed_once(self, desk: Desk) -> None:
        desk.tokens.valid_access = set()
        desk.will_answer({"a": 1})
        assert await desk.api.request("GET", "/x", interactive=True) == {"a": 1}
        assert [r.headers["authorization"] for r in desk.service.seen] == ["Bearer A0", "Bearer A1"]

    async def test_but_not_twice(self, desk: Desk) -> None:
        desk.will_answer(*[httpx.Response(401, json={"errorCode": "OAU-129"})] * 3)
        with pytest.raises(SignInNeeded, match="OAU-129"):
            await desk.api.request("GET", "/x")
        assert len(desk.service.seen) == 2

    async def test_a_revoked_session(self, desk: Desk) -> None:
        desk.tokens.valid_access = set()
        desk.tokens.valid_refresh = {}
        with pytest.raises(SignInNeeded):
            await desk.api.request("GET", "/x")
        assert not desk.keeper.signed_in

    @pytest.mark.parametrize(
        "trouble",
        [httpx.Response(500), httpx.Response(503), httpx.ReadTimeout(""), httpx.ReadError("")],
    )
    async def test_passing_trouble_is_tried_again(self, desk: Desk, trouble: Any) -> None:
        desk.will_answer(trouble, trouble, trouble, trouble, {"a": 1})
        assert await desk.api.request("GET", "/x") == {"a": 1}
        assert desk.clock.sleeps == [2.0, 4.0, 8.0, 16.0]

    async def test_but_not_for_ever(self, desk: Desk) -> None:
        desk.will_answer(*[httpx.Response(503)] * 9)
        with pytest.raises(ServiceError) as refused:
            await desk.api.request("GET", "/x")
        assert refused.value.status == 503
        assert len(desk.service.seen) == 5
        desk.will_answer(*[httpx.ReadTimeout("")] * 9)
        with pytest.raises(Unreachable, match="in time"):
            await desk.api.request("GET", "/x")

    async def test_and_not_for_long_while_somebody_waits(self, desk: Desk) -> None:
        desk.will_answer(*[httpx.Response(503)] * 9)
        with pytest.raises(ServiceError):
            await desk.api.request("GET", "/x", interactive=True)
        assert len(desk.service.seen) == 2

    async def test_a_longer_wait_the_service_asks_for_is_kept(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(503, headers={"Retry-After": "20"}), {})
        await desk.api.request("GET", "/x")
        assert desk.clock.sleeps == [20.0]

    async def test_jitter(self, clock: ManualClock) -> None:
        desk = Desk(clock)
        desk.api = ApiClient(desk.http, desk.keeper, desk.rates, clock, sleep=clock.sleep, chance=lambda: 0.0)
        await desk.keeper.exchange("good", "v", "http://x")
        desk.will_answer(httpx.Response(500), {})
        await desk.api.request("GET", "/x")
        assert clock.sleeps == [1.0]
        await desk.http.aclose()

    async def test_no_connection_is_told_at_once(self, desk: Desk) -> None:
        desk.will_answer(httpx.ConnectError(""))
        with pytest.raises(Unreachable):
            await desk.api.request("GET", "/x")
        assert desk.clock.sleeps == []

    async def test_refusals_are_told_at_once(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(400, json={"errorCode": "CMN-101"}))
        with pytest.raises(ServiceError, match="CMN-101"):
            await desk.api.request("GET", "/x")
        desk.will_answer(httpx.Response(403, json={"errorCode": "CMN-401", "permissionName": "A2PSMS"}))
        with pytest.raises(PermissionMissing, match="A2PSMS"):
            await desk.api.request("GET", "/x")

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>Welcome to our hotel"),
            httpx.Response(200, json=[1]),
            httpx.Response(302, headers={"Location": "http://hotel.test/"}),
        ],
    )
    async def test_somebody_else_answers(self, desk: Desk, answer: httpx.Response) -> None:
        desk.will_answer(answer)
        with pytest.raises(Unreachable, match=r"sign in first.* at rc\.test is not RingCentral"):
            await desk.api.request("GET", "/x")


class TestRates:
    async def test_a_penalty_is_waited_for_in_the_background(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(429, headers={"Retry-After": "12"}), {"a": 1})
        assert await desk.api.request("GET", "/x") == {"a": 1}
        assert sum(desk.clock.sleeps) == 12.0

    async def test_a_penalty_by_code(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(403, json={"errorCode": "CMN-301"}), {"a": 1})
        assert await desk.api.request("GET", "/x") == {"a": 1}
        assert sum(desk.clock.sleeps) == 30.0

    async def test_and_told_to_who_waits(self, desk: Desk) -> None:
        desk.will_answer(httpx.Response(429, headers={"Retry-After": "12"}))
        with pytest.raises(RateHeld) as held:
            await desk.api.request("GET", "/x", interactive=True)
        assert held.value.until == desk.clock.now() + timedelta(seconds=12)
        with pytest.raises(RateHeld):
            await desk.api.request("GET", "/x", interactive=True)
        assert len(desk.service.seen) == 1, "nothing is sent during a penalty"

    async def test_a_short_wait_is_simply_waited(self, desk: Desk) -> None:
        desk.rates.hold(Group.LIGHT, 1.5, desk.clock.monotonic())
        desk.will_answer({})
        await desk.api.request("GET", "/x", interactive=True)
        assert desk.clock.sleeps == [1.5]

    async def test_the_background_leaves_a_reserve(self, desk: Desk) -> None:
        desk.will_answer(*[{}] * 11)
        for _ in range(8):
            await desk.api.request("GET", "/x", group=Group.HEAVY)
        assert desk.clock.sleeps == []
        await desk.api.request("GET", "/x", group=Group.HEAVY, interactive=True)
        assert desk.clock.sleeps == []
        await desk.api.request("GET", "/x", group=Group.HEAVY)
        assert sum(desk.clock.sleeps) == 60.0

    async def test_other_programs_of_the_user_count(self, desk: Desk) -> None:
        headers = {"X-Rate-Limit-Group": "light", "X-Rate-Limit-Limit": "50", "X-Rate-Limit-Remaining": "0"}
        desk.will_answer(httpx.Response(200, json={}, headers=headers), {})
        await desk.api.request("GET", "/x")
        with pytest.raises(RateHeld):
            await desk.api.request("GET", "/x", interactive=True)


class TestCalls:
    @pytest.mark.parametrize(
        ("answer", "name"),
        [({"name": "Dana", "extensionNumber": "101"}, "Dana"), ({"extensionNumber": "101"}, "101"), ({}, "")],
    )
    async def test_extension(self, desk: Desk, answer: Any, name: str) -> None:
        desk.will_answer(answer)
        assert await desk.api.extension() == name
        assert desk.asked == ["GET /restapi/v1.0/account/~/extension/~"]

    async def test_numbers_of_all_pages_that_can_send(self, desk: Desk) -> None:
        first = {
            "records": [
                {
                    "phoneNumber": "+16505550100",
                    "label": "Front desk",
                    "features": ["A2PSmsSender", "CallerId"],
                },
                {"phoneNumber": "+16505550199", "features": ["SmsSender"]},
                {"phoneNumber": "+16505550198"},
                {"features": ["A2PSmsSender"]},
                "nonsense",
            ],
            "paging": {"page": 1, "perPage": 100, "totalPages": 2},
        }
        second = {
            "records": [
                {"phoneNumber": "+16505550111", "label": None, "features": ["A2PSmsSender"]},
                {"phoneNumber": "+16505550100", "label": "Front desk", "features": ["A2PSmsSender"]},
            ],
            "paging": {"page": 2, "totalPages": 2},
        }
        desk.will_answer(first, second)
        assert await desk.api.list_numbers() == (
            OwnNumber("+16505550100", "Front desk"),
            OwnNumber("+16505550111"),
        )
        assert [desk.query(n)["page"] for n in (0, 1)] == ["1", "2"]

    @pytest.mark.parametrize("answer", [{}, {"records": None, "paging": None}, {"records": {}}])
    async def test_no_numbers(self, desk: Desk, answer: Any) -> None:
        desk.will_answer(answer)
        assert await desk.api.list_numbers() == ()

    async def test_the_text_of_a_batch(self, desk: Desk) -> None:
        desk.will_answer({"records": [{"id": 1}, {"id": 2, "text": "Hi!"}]}, {"records": []})
        assert await desk.api.batch_text("b/1") == "Hi!"
        assert desk.query()["batchId"] == "b/1"
        assert desk.query()["view"] == "Detailed"
        assert desk.query()["dateFrom"] == "2026-10-04T16:12:00.000Z"
        assert await desk.api.batch_text("b/1") == ""

    async def test_the_counts_of_a_batch(self, desk: Desk) -> None:
        desk.will_answer(
            {
                "queued": {"count": 1, "cost": 0.0},
                "sent": {"count": 2},
                "delivered": {"count": 30, "cost": 0.21},
                "sendingFailed": {"count": 4, "cost": 0, "errorCodeCounts": {"SMS-RC-413": 4}},
                "deliveryFailed": {"count": 5, "errorCodeCounts": {"SMS-CAR-411": 3, "SMS-RC-413": 2}},
                "new": 5,
            },
            {},
        )
        assert await desk.api.batch_statuses("b") == BatchCounts(
            1, 2, 30, 4, 5, Decimal("0.21"), {"SMS-RC-413": 6, "SMS-CAR-411": 3}
        )
        assert await desk.api.batch_statuses("b") == BatchCounts()

    async def test_a_single_batch(self, desk: Desk) -> None:
        desk.will_answer({"id": "b/1"})
        assert await desk.api.get_batch("b/1") == {"id": "b/1"}
        assert desk.service.seen[0].url.raw_path == b"/restapi/v1.0/account/~/a2p-sms/batches/b%2F1"
