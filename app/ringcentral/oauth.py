"""Sign-in forms and tokens: OAuth 2.0 authorization code with PKCE for a public client.

RFC 6749, RFC 7636 (PKCE) and the guide's pages "Authorization code flow" and "Refresh tokens".
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

AUTHORIZE_PATH = "/restapi/oauth/authorize"
TOKEN_PATH = "/restapi/oauth/token"  # noqa: S105 - a path, no secret
REVOKE_PATH = "/restapi/oauth/revoke"
WSTOKEN_PATH = "/restapi/oauth/wstoken"

_REFRESH_LIFE = 604800.0


@dataclass(frozen=True, slots=True)
class Pkce:
    """A code verifier, kept by us, and the challenge derived from it, shown to the browser."""

    verifier: str = field(repr=False)
    challenge: str


def make_pkce(random_bytes: bytes) -> Pkce:
    """Derive a verifier and its S256 challenge (RFC 7636, 4.1 and 4.2).

    Raises:
        ValueError: not between 32 and 96 bytes, which would make a verifier the RFC does not allow.
    """
    if not 32 <= len(random_bytes) <= 96:
        raise ValueError("a PKCE verifier is made from 32 to 96 random bytes")
    verifier = _base64url(random_bytes)
    return Pkce(verifier, _base64url(hashlib.sha256(verifier.encode("ascii")).digest()))


def authorize_url(server: str, client_id: str, redirect_uri: str, state: str, pkce: Pkce) -> str:
    """The address to open in the system's browser."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        "code_challenge": pkce.challenge,
        "code_challenge_method": "S256",
    }
    return f"{server.rstrip('/')}{AUTHORIZE_PATH}?{urlencode(query)}"


def code_form(client_id: str, code: str, verifier: str, redirect_uri: str) -> dict[str, str]:
    """The token request that redeems an authorization code."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": client_id,
        "code_verifier": verifier,
    }


def refresh_form(client_id: str, refresh_token: str) -> dict[str, str]:
    """The token request that trades a refresh token for a new pair."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": client_id}


def revoke_form(client_id: str, token: str) -> dict[str, str]:
    """The request that ends the whole session of a token."""
    return {"token": token, "client_id": client_id}


@dataclass(frozen=True, slots=True)
class TokenPair:
    """An access token and the one-time refresh token that came with it. Times are aware UTC datetimes."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    issued_at: datetime
    access_expires_at: datetime
    refresh_expires_at: datetime
    owner_id: str = ""
    """The extension that signed in."""
    endpoint_id: str = ""

    @classmethod
    def from_answer(cls, answer: Any, now: datetime) -> "TokenPair":
        """Read the token endpoint's answer, received at ``now``.

        Raises:
            ValueError: it holds no pair of tokens.
        """
        fields = answer if isinstance(answer, Mapping) else {}
        access, refresh = fields.get("access_token"), fields.get("refresh_token")
        if not (isinstance(access, str) and access and isinstance(refresh, str) and refresh):
            raise ValueError("the token endpoint's answer holds no pair of tokens")
        return cls(
            access,
            refresh,
            now,
            now + _life(fields.get("expires_in"), 3600.0),
            now + _life(fields.get("refresh_token_expires_in"), _REFRESH_LIFE),
            str(fields.get("owner_id") or ""),
            str(fields.get("endpoint_id") or ""),
        )

    @property
    def refresh_at(self) -> datetime:
        """When to refresh: after 80 % of its life or five minutes before its end, whichever is first.

        A life too short for that (a test service's) is refreshed at its half.
        """
        life = self.access_expires_at - self.issued_at
        ahead = min(max(life * 0.2, timedelta(minutes=5)), life / 2)
        return self.access_expires_at - ahead

    def to_json(self) -> str:
        """One line, for the vault only."""
        return json.dumps(
            {k: v.isoformat() if isinstance(v, datetime) else v for k, v in asdict(self).items()},
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, text: str) -> "TokenPair":
        """Read what ``to_json`` wrote, members that are new since then aside.

        Raises:
            ValueError: it is something else.
        """
        try:
            data = json.loads(text)
            times = {
                name: datetime.fromisoformat(data[name]).astimezone(UTC)
                for name in ("issued_at", "access_expires_at", "refresh_expires_at")
            }
            return cls(
                access_token=str(data["access_token"]),
                refresh_token=str(data["refresh_token"]),
                owner_id=str(data.get("owner_id", "")),
                endpoint_id=str(data.get("endpoint_id", "")),
                **times,
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError("not a stored pair of tokens") from error


def _life(seconds: Any, default: float) -> timedelta:
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < 10**9
    return timedelta(seconds=seconds if known else default)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
