"""Small services for a client with ``httpx.MockTransport``: each is a callable with a memory."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import httpx

SERVER = "https://rc.test"
Answer = httpx.Response | Exception


class TokenService:
    """The token endpoint: a refresh token serves once, and a short while longer."""

    def __init__(self, life: int = 3600) -> None:
        self.life = life
        self.number = 0
        self.valid_refresh = {"R0": 0}
        self.valid_access = {"A0"}
        self.script: list[Answer] = []
        """Answers to give before behaving normally."""
        self.forms: list[dict[str, str]] = []
        self.revoked: list[str] = []
        self.before_answer: Callable[[], Any] | None = None

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        form = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        assert "authorization" not in request.headers, "a public client has no password"
        self.forms.append(form)
        if self.before_answer is not None:
            await self.before_answer()
        if self.script:
            answer = self.script.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        if request.url.path == "/restapi/oauth/revoke":
            self.revoked.append(form["token"])
            return httpx.Response(200)
        assert request.url.path == "/restapi/oauth/token"
        if form["grant_type"] == "authorization_code":
            if form["code"] != "good":
                return httpx.Response(400, json={"error": "invalid_grant"})
            return self._pair(self.number)
        born = self.valid_refresh.get(form["refresh_token"])
        if born is None:
            return httpx.Response(400, json={"error": "invalid_grant", "errors": [{"errorCode": "OAU-213"}]})
        return self._pair(born + 1)

    def _pair(self, number: int) -> httpx.Response:
        self.number = max(self.number, number)
        self.valid_refresh[f"R{number}"] = number
        self.valid_access = {f"A{number}"}
        answer = {
            "access_token": f"A{number}",
            "refresh_token": f"R{number}",
            "expires_in": self.life,
            "refresh_token_expires_in": 604800,
            "owner_id": "7",
            "endpoint_id": "e",
            "token_type": "bearer",
        }
        return httpx.Response(200, json=answer)


class RestService:
    """Answers requests from a script, and remembers them."""

    def __init__(self, tokens: TokenService) -> None:
        self.tokens = tokens
        self.script: list[Answer] = []
        self.seen: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path in ("/restapi/oauth/token", "/restapi/oauth/revoke"):
            return await self.tokens(request)
        self.seen.append(request)
        if request.headers["authorization"].removeprefix("Bearer ") not in self.tokens.valid_access:
            return httpx.Response(401, json={"errorCode": "OAU-129"})
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client_for(service: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(service), base_url=SERVER)
