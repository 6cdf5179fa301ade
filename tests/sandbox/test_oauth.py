"""Sign-in, rotation of tokens, sessions."""

import base64

import httpx
import pytest

from app.sandbox import (
    CONFIDENTIAL_CLIENT_ID,
    CONFIDENTIAL_CLIENT_SECRET,
    NO_RATE_LIMITS,
    Sandbox,
    SandboxOptions,
)
from tests.sandbox.visitor import ACCOUNT, REDIRECT, Visitor, code_of, pkce

EXTENSION = f"{ACCOUNT}/extension/~"


async def works(visitor: Visitor, access_token: str) -> bool:
    response = await visitor.request("GET", EXTENSION, headers={"Authorization": f"Bearer {access_token}"})
    assert response.status_code in (200, 401)
    return response.status_code == 200


async def test_the_page_asks_and_carries_the_request(stranger: Visitor) -> None:
    parameters = {
        "response_type": "code",
        "client_id": stranger.box.client_id,
        "redirect_uri": REDIRECT,
        "state": '"><script>',
        "code_challenge": pkce()[1],
        "code_challenge_method": "S256",
    }
    response = await stranger.http.get("/restapi/oauth/authorize", params=parameters)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert ">Sign in</button>" in response.text
    assert ">Cancel</button>" in response.text
    assert "<script>" not in response.text
    assert parameters["code_challenge"] in response.text
    cancelled = await stranger.http.post(
        "/restapi/oauth/authorize", data={**parameters, "state": "s", "decision": "cancel"}
    )
    assert cancelled.status_code == 302
    query = httpx.URL(cancelled.headers["Location"]).params
    assert query["error"] == "access_denied"
    assert query["state"] == "s"
    assert "code" not in query


async def test_approval_can_be_automatic(stranger: Visitor) -> None:
    stranger.box.oauth.auto_approve = True
    verifier, challenge = pkce()
    parameters = {
        "response_type": "code",
        "client_id": stranger.box.client_id,
        "redirect_uri": REDIRECT,
        "state": "st 1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    response = await stranger.http.get("/restapi/oauth/authorize", params=parameters)
    assert (await stranger.exchange(code_of(response), verifier)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT.replace("127.0.0.1", "localhost")},
        {"redirect_uri": "http://127.0.0.1:53999/oauth/callback"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"code_challenge": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
)
async def test_an_untrustworthy_request_is_never_redirected(
    stranger: Visitor, changes: dict[str, str | None]
) -> None:
    response = await stranger.authorize(pkce()[1], **changes)
    assert response.status_code == 400
    assert "Location" not in response.headers
    shown = await stranger.http.get("/restapi/oauth/authorize", headers={"Accept": "text/html"})
    assert shown.status_code == 400
    assert "can’t go on" in shown.text


async def test_the_verifier_must_be_the_challenges(stranger: Visitor) -> None:
    verifier, challenge = pkce()
    for wrong in (pkce()[0], "", challenge, verifier + "x", "short"):
        code = code_of(await stranger.authorize(challenge))
        refused = await stranger.exchange(code, wrong)
        assert refused.status_code == 400
        assert refused.json()["error"] == "invalid_grant"
        again = await stranger.exchange(code, verifier)
        assert again.status_code == 400, "a code is spent by a failed attempt"


async def test_a_code_serves_once_and_not_for_long(stranger: Visitor) -> None:
    verifier, challenge = pkce()
    code = code_of(await stranger.authorize(challenge))
    assert (await stranger.exchange(code, verifier)).status_code == 200
    spent = await stranger.exchange(code, verifier)
    assert (spent.status_code, spent.json()["errorCode"]) == (400, "OAU-106")
    late = code_of(await stranger.authorize(challenge))
    stranger.box.clock.skip(61)
    assert (await stranger.exchange(late, verifier)).json()["errorCode"] == "OAU-108"


async def test_a_code_belongs_to_its_redirect_address(stranger: Visitor) -> None:
    verifier, challenge = pkce()
    code = code_of(await stranger.authorize(challenge))
    other = REDIRECT.replace("53682", "53683")
    assert (await stranger.exchange(code, verifier, redirect_uri=other)).json()["errorCode"] == "OAU-109"


async def test_a_confidential_client_shows_its_secret(stranger: Visitor) -> None:
    def basic(secret: str) -> dict[str, str]:
        pair = base64.b64encode(f"{CONFIDENTIAL_CLIENT_ID}:{secret}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}

    async def form() -> dict[str, str]:
        changes = {"client_id": CONFIDENTIAL_CLIENT_ID, "code_challenge": None, "code_challenge_method": None}
        code = code_of(await stranger.authorize("", **changes))
        return {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}

    secret = basic(CONFIDENTIAL_CLIENT_SECRET)
    assert (await stranger.token(await form(), headers=secret)).status_code == 200
    for headers in (basic("wrong"), {"Authorization": "Basic ???"}, {"Authorization": "Bearer x"}):
        refused = await stranger.token(await form(), headers=headers)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client")
    without = await stranger.token({**await form(), "client_id": CONFIDENTIAL_CLIENT_ID})
    assert without.json()["errorCode"] == "OAU-146"
    as_public = await stranger.token({**await form(), "client_id": stranger.box.client_id})
    assert as_public.json()["errorCode"] == "OAU-110"


async def test_other_grants_and_forms_are_refused(stranger: Visitor) -> None:
    password = await stranger.token({"grant_type": "password", "client_id": stranger.box.client_id})
    assert password.json()["error"] == "unsupported_grant_type"
    response = await stranger.http.post("/restapi/oauth/token", json={"grant_type": "refresh_token"})
    assert response.status_code == 415


async def test_a_refresh_kills_the_old_access_token_at_once(visitor: Visitor) -> None:
    old = visitor.tokens
    assert await works(visitor, old["access_token"])
    new = (await visitor.refresh(old["refresh_token"])).json()
    assert new["refresh_token"] != old["refresh_token"]
    assert new["session_id"] == old["session_id"]
    assert not await works(visitor, old["access_token"])
    assert await works(visitor, new["access_token"])


async def test_a_spent_refresh_token_answers_until_ten_seconds_after_first_use(
    visitor: Visitor,
) -> None:
    spent = visitor.tokens["refresh_token"]
    pair = (await visitor.refresh(spent)).json()
    visitor.box.clock.skip(3000)
    again = (await visitor.refresh(spent)).json()
    assert again["access_token"] == pair["access_token"]
    assert again["refresh_token"] == pair["refresh_token"]
    assert again["expires_in"] <= 600
    assert await works(visitor, pair["access_token"])
    visitor.box.clock.skip(9)
    assert (await visitor.refresh(spent)).json()["access_token"] == pair["access_token"]
    visitor.box.clock.skip(2)
    dead = await visitor.refresh(spent)
    assert (dead.status_code, dead.json()["error"], dead.json()["errorCode"]) == (
        400,
        "invalid_grant",
        "OAU-213",
    )
    assert (await visitor.refresh(pair["refresh_token"])).status_code == 200


async def test_a_spent_refresh_token_dies_after_an_hour_without_use(
    visitor: Visitor,
) -> None:
    spent = visitor.tokens["refresh_token"]
    await visitor.refresh(spent)
    visitor.box.clock.skip(3601)
    assert (await visitor.refresh(spent)).status_code == 400


async def test_the_refresh_token_before_the_last_is_dead(visitor: Visitor) -> None:
    first = visitor.tokens["refresh_token"]
    second = (await visitor.refresh(first)).json()["refresh_token"]
    await visitor.refresh(second)
    assert (await visitor.refresh(first)).status_code == 400


async def test_tokens_grow_old(visitor: Visitor) -> None:
    visitor.box.clock.skip(3601)
    response = await visitor.get(EXTENSION)
    assert (response.status_code, response.json()["errorCode"]) == (401, "OAU-128")
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 200
    await visitor.sign_in()
    visitor.box.clock.skip(604_801)
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 400


async def test_no_token_and_no_such_token(stranger: Visitor) -> None:
    missing = await stranger.request("GET", EXTENSION, headers={"Authorization": ""})
    assert (missing.status_code, missing.json()["errorCode"]) == (401, "AGW-401")
    wrong = await stranger.request("GET", EXTENSION, headers={"Authorization": "Bearer x"})
    assert (wrong.status_code, wrong.json()["errorCode"]) == (401, "OAU-129")
    assert "Bearer" in wrong.headers["WWW-Authenticate"]


async def test_a_sixth_sign_in_silently_ends_the_oldest(stranger: Visitor) -> None:
    pairs = [await stranger.sign_in() for _ in range(5)]
    assert all([await works(stranger, pair["access_token"]) for pair in pairs])
    sixth = await stranger.sign_in()
    assert not await works(stranger, pairs[0]["access_token"])
    assert (await stranger.refresh(pairs[0]["refresh_token"])).status_code == 400
    assert all([await works(stranger, pair["access_token"]) for pair in (*pairs[1:], sixth)])


async def test_revoking_ends_the_session(visitor: Visitor) -> None:
    form = {"token": visitor.tokens["refresh_token"], "client_id": visitor.box.client_id}
    assert (await visitor.revoke(form)).status_code == 200
    assert not await works(visitor, visitor.tokens["access_token"])
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 400


async def test_expiry_and_revocation_from_outside(visitor: Visitor) -> None:
    assert visitor.box.oauth.expire_access_tokens() == 1
    assert not await works(visitor, visitor.tokens["access_token"])
    pair = (await visitor.refresh(visitor.tokens["refresh_token"])).json()
    assert await works(visitor, pair["access_token"])
    assert visitor.box.oauth.revoke_all() == 1
    assert not await works(visitor, pair["access_token"])
    await visitor.sign_in()
    assert visitor.box.oauth.expire_refresh_tokens() == 1
    assert (await visitor.refresh(visitor.tokens["refresh_token"])).status_code == 400


async def test_lifetimes_and_redirect_addresses_can_be_set() -> None:
    own = "http://127.0.0.1:40000/cb"
    options = SandboxOptions(access_token_ttl=5, redirect_uris=(own,), rate_limits=NO_RATE_LIMITS)
    async with Sandbox(options) as box, Visitor(box) as visitor:
        assert (await visitor.authorize(pkce()[1])).status_code == 400
        verifier, challenge = pkce()
        redirect = await visitor.authorize(challenge, redirect_uri=own)
        code = httpx.URL(redirect.headers["Location"]).params["code"]
        pair = (await visitor.exchange(code, verifier, redirect_uri=own)).json()
        assert pair["expires_in"] == 5
        box.clock.skip(6)
        assert not await works(visitor, pair["access_token"])
