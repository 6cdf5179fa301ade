"""Keys to the gateway: each used once, and never asked for too often."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.events import ResumePoint
from app.domain.problems import (
    Expected,
    PermissionMissing,
    RateHeld,
    ServiceError,
    SignInNeeded,
    Unreachable,
)
from app.transport.auth_pace import LIMIT, AuthPace, Urgency
from app.transport.http import Intercepted
from app.transport.token_keeper import TokenKeeper
from app.transport.vault import MemoryVault
from app.transport.ws_tokens import WsTokens
from tests.transport.conftest import ManualClock
from tests.transport.service import SERVER, RestService, TokenService, client_for


class Desk:
    """A signed-in client and the service it talks to."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.sessions = TokenService()
        self.service = RestService(self.sessions)
        self.http = client_for(self.service)
        self.pace = AuthPace(clock)
        self.keeper = TokenKeeper(
            self.http,
            MemoryVault(),
            clock,
            server_url=SERVER,
            client_id="id",
            pace=self.pace,
            sleep=clock.sleep,
        )
        self.tokens = WsTokens(self.http, self.keeper, self.pace, clock, server_url=SERVER + "/")

    def will_answer(self, *answers: Any) -> None:
        self.service.script = [
            answer if isinstance(answer, httpx.Response | Exception) else httpx.Response(200, json=answer)
            for answer in answers
        ]

    def key(self, name: str = "W", **more: Any) -> dict[str, Any]:
        return {"uri": "wss://ws.test/ws", "ws_access_token": name, "expires_in": 600, **more}


@pytest.fixture
async def desk(clock: ManualClock) -> AsyncIterator[Desk]:
    desk = Desk(clock)
    await desk.keeper.exchange("good", "v", "http://x")
    clock.passed += 100
    yield desk
    await desk.http.aclose()


async def test_a_key_and_where_it_fits(desk: Desk) -> None:
    desk.will_answer(desk.key())
    token = await desk.tokens.take()
    assert [f"{r.method} {r.url}" for r in desk.service.seen] == [f"POST {SERVER}/restapi/oauth/wstoken"]
    assert token.uri == "wss://ws.test/ws"
    assert token.ends == desk.clock.monotonic() + 600
    assert token.connect_uri(None) == "wss://ws.test/ws?access_token=W"
    assert token.connect_uri(ResumePoint("t", 1)) == "wss://ws.test/ws?access_token=W&wsc=t"
    assert "'W'" not in repr(token)


@pytest.mark.parametrize("life", [None, "600", 0, -1, True])
async def test_a_life_that_is_not_said(desk: Desk, life: Any) -> None:
    desk.will_answer(desk.key(expires_in=life))
    assert (await desk.tokens.take()).ends == desk.clock.monotonic() + 30


@pytest.mark.parametrize("answer", [{}, {"uri": "wss://x"}, {"uri": 5, "ws_access_token": "W"}, []])
async def test_an_answer_without_a_key(desk: Desk, answer: Any) -> None:
    desk.will_answer(answer)
    with pytest.raises(ServiceError, match="no address"):
        await desk.tokens.take()


async def test_each_is_given_out_once(desk: Desk) -> None:
    desk.will_answer(desk.key("1"), desk.key("2"))
    assert [(await desk.tokens.take()).ws_access_token for _ in range(2)] == ["1", "2"]


async def test_one_that_was_not_spent_is_given_out_again_while_it_lives(desk: Desk) -> None:
    desk.will_answer(desk.key("1"), desk.key("2"))
    first = await desk.tokens.take()
    desk.tokens.give_back(first)
    assert await desk.tokens.take() is first
    desk.tokens.give_back(first)
    desk.clock.passed += 599
    assert (await desk.tokens.take()).ws_access_token == "2"


async def test_no_more_than_the_limit_allows(desk: Desk) -> None:
    desk.will_answer(*[desk.key()] * 9)
    for _ in range(LIMIT - 1):
        await desk.tokens.take()
    with pytest.raises(RateHeld) as held:
        await desk.tokens.take()
    await desk.tokens.take(Urgency.SOMEBODY_WAITS)
    with pytest.raises(RateHeld):
        await desk.tokens.take(Urgency.SOMEBODY_WAITS)
    assert len(desk.service.seen) == LIMIT, "nothing was sent beyond it"
    desk.clock.passed += (held.value.until - desk.clock.now()).total_seconds()
    await desk.tokens.take()


async def test_a_penalty_is_told_and_kept(desk: Desk) -> None:
    desk.will_answer(httpx.Response(429, headers={"Retry-After": "40"}), desk.key())
    for _ in range(3):
        with pytest.raises(RateHeld) as held:
            await desk.tokens.take(Urgency.SOMEBODY_WAITS)
        assert held.value.until == desk.clock.now() + timedelta(seconds=40)
    assert len(desk.service.seen) == 1, "a request during the penalty would begin it anew"
    desk.clock.passed += 40.1
    assert await desk.tokens.take()


async def test_attempts_without_a_network_do_not_count(desk: Desk) -> None:
    desk.will_answer(*[httpx.ConnectError("")] * 20, desk.key())
    for _ in range(20):
        with pytest.raises(Unreachable):
            await desk.tokens.take()
    assert await desk.tokens.take()


async def test_a_rejected_access_token_is_refreshed(desk: Desk) -> None:
    desk.sessions.valid_access = set()
    desk.will_answer(desk.key())
    assert await desk.tokens.take()
    assert [r.headers["authorization"] for r in desk.service.seen] == ["Bearer A0", "Bearer A1"]


async def test_but_once_and_that_ends_no_session(desk: Desk) -> None:
    desk.will_answer(*[httpx.Response(401, json={"errorCode": "OAU-129"})] * 3)
    with pytest.raises(ServiceError, match=r"OAU-129"):
        await desk.tokens.take()
    assert len(desk.service.seen) == 2
    assert desk.keeper.signed_in


async def test_a_session_that_ended(desk: Desk) -> None:
    desk.sessions.valid_access = set()
    desk.sessions.valid_refresh = {}
    with pytest.raises(SignInNeeded):
        await desk.tokens.take()
    assert not desk.keeper.signed_in


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (httpx.Response(403, json={"errorCode": "CMN-401"}), PermissionMissing),
        (httpx.Response(500, json={}), ServiceError),
        (httpx.Response(503, text="<html>Bad gateway"), ServiceError),
        (httpx.ReadTimeout(""), Unreachable),
        (httpx.Response(200, text="<html>Welcome to our hotel"), Intercepted),
        (httpx.Response(302, headers={"Location": "http://portal.test"}), Intercepted),
        (httpx.Response(511), Intercepted),
        (httpx.Response(403, text="<html>Blocked", headers={"Content-Type": "text/html"}), Intercepted),
    ],
)
async def test_one_request_each(desk: Desk, answer: Any, problem: type[Expected]) -> None:
    desk.will_answer(answer)
    with pytest.raises(Expected) as raised:
        await desk.tokens.take()
    assert type(raised.value) is problem
    assert len(desk.service.seen) == 1
    assert desk.keeper.signed_in
