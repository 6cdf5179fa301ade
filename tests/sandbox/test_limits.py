"""Rate limits, their penalty, and failures that are asked for."""

import pytest

from app.sandbox import SandboxOptions
from tests.sandbox.visitor import A2P, ACCOUNT, CONSENTS, Visitor

EXTENSION = f"{ACCOUNT}/extension/~"
NUMBERS = f"{ACCOUNT}/phone-number"


class TestRates:
    """With RingCentral's own limits."""

    @pytest.fixture
    def options(self) -> SandboxOptions:
        return SandboxOptions()

    async def test_answers_tell_the_window(self, visitor: Visitor) -> None:
        first = await visitor.get(EXTENSION)
        second = await visitor.get(EXTENSION)
        heavy = await visitor.get(NUMBERS)
        assert first.headers["X-Rate-Limit-Group"] == "light"
        assert first.headers["X-Rate-Limit-Limit"] == "50"
        assert first.headers["X-Rate-Limit-Window"] == "60"
        assert first.headers["X-Rate-Limit-Remaining"] == "49"
        assert second.headers["X-Rate-Limit-Remaining"] == "48"
        assert heavy.headers["X-Rate-Limit-Group"] == "heavy"
        assert heavy.headers["X-Rate-Limit-Remaining"] == "9"

    async def test_every_request_restarts_the_penalty(self, visitor: Visitor) -> None:
        for _ in range(10):
            assert (await visitor.get(NUMBERS)).status_code == 200
        for _ in range(3):
            refused = await visitor.get(NUMBERS)
            assert refused.status_code == 429
            assert refused.json()["errorCode"] == "CMN-301"
            assert refused.headers["Retry-After"] == "60"
            assert refused.headers["X-Rate-Limit-Remaining"] == "0"
            visitor.box.clock.skip(50)
        assert (await visitor.get(EXTENSION)).status_code == 200, "another group"
        visitor.box.clock.skip(11)
        assert (await visitor.get(NUMBERS)).status_code == 200

    async def test_a_window_ends(self, visitor: Visitor) -> None:
        for _ in range(3):
            for _ in range(10):
                assert (await visitor.get(NUMBERS)).status_code == 200
            visitor.box.clock.skip(60)

    async def test_sign_in_and_ws_tokens_share_five_requests(self, visitor: Visitor) -> None:
        for _ in range(4):
            await visitor.ws_token()
        assert (await visitor.request("POST", "/restapi/oauth/wstoken")).status_code == 429
        assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 429

    async def test_a_penalty_can_be_put_and_forgiven(self, visitor: Visitor) -> None:
        visitor.box.limits.penalize(visitor.box.client_id, "Light", 20)
        refused = await visitor.get(EXTENSION)
        assert refused.headers["Retry-After"] == "20"
        visitor.box.clock.skip(19)
        assert (await visitor.get(EXTENSION)).status_code == 429
        visitor.box.limits.forget()
        assert (await visitor.get(EXTENSION)).status_code == 200


async def test_the_next_requests_fail_as_asked(visitor: Visitor) -> None:
    faults = visitor.box.faults
    faults.add(503, count=2, retry_after=7)
    assert [(await visitor.get(EXTENSION)).status_code for _ in range(3)] == [503, 503, 200]
    faults.add(429, group="Heavy", seconds=10, retry_after=5)
    assert (await visitor.get(EXTENSION)).status_code == 200
    refused = await visitor.get(NUMBERS)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
    visitor.box.clock.skip(11)
    assert (await visitor.get(NUMBERS)).status_code == 200
    faults.add(500, path=f"{A2P}/messages", code="CMN-203")
    assert (await visitor.get(EXTENSION)).status_code == 200
    assert (await visitor.get(f"{A2P}/messages")).json()["errorCode"] == "CMN-203"
    assert (await visitor.get(f"{A2P}/messages")).status_code == 200
    faults.add(503, path="/restapi/oauth/token", count=1)
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 503
    faults.add(502, seconds=1000)
    faults.clear()
    assert (await visitor.get(EXTENSION)).status_code == 200


@pytest.mark.parametrize("code", ["CMN-401", "CMN-408"])
async def test_a_missing_permission_is_named(visitor: Visitor, code: str) -> None:
    visitor.box.faults.denied["A2PSMS"] = code
    response = await visitor.get(f"{A2P}/batches")
    assert response.status_code == 403
    error = response.json()["errors"][0]
    assert error["errorCode"] == code
    assert error["permissionName"] == "A2PSMS"
    assert "[A2PSMS]" in error["message"]
    assert (await visitor.get(EXTENSION)).status_code == 200


@pytest.mark.parametrize("status", [403, 404])
async def test_an_older_account_has_no_v2(visitor: Visitor, status: int) -> None:
    visitor.box.faults.v2_refused = status
    assert (await visitor.get(f"{CONSENTS}/history")).status_code == status
    assert (await visitor.get(f"{A2P}/opt-outs")).status_code == 200


async def test_requests_are_counted_without_secrets(visitor: Visitor) -> None:
    requests = visitor.box.requests
    await visitor.get(EXTENSION, secret="hidden")
    await visitor.get(EXTENSION)
    assert requests.count(EXTENSION) == requests.count(EXTENSION, "GET") == 2
    assert requests.count(EXTENSION, "POST") == 0
    assert requests.count("/restapi/oauth/token") == 1
    logged = str(list(requests.entries))
    assert "hidden" not in logged
    assert visitor.tokens["access_token"] not in logged
    assert requests.entries[-1]["status"] == 200
