"""Registered apps, what they prove themselves with, and what they may ask the user."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

from app.sandbox.errors import oauth_refusal
from app.sandbox.options import CONFIDENTIAL_CLIENT_ID, CONFIDENTIAL_CLIENT_SECRET, PUBLIC_CLIENT_ID


@dataclass(frozen=True, slots=True)
class Client:
    """A registered app. A public one has no secret and must use PKCE."""

    id: str
    secret: str = ""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a checked authorization request asks for."""

    client: Client
    redirect_uri: str
    state: str
    code_challenge: str


def find_client(client_id: str) -> Client:
    """The registered client of that id.

    Raises:
        ServiceRefusal: there is none.
    """
    if client_id == PUBLIC_CLIENT_ID:
        return Client(client_id)
    if client_id == CONFIDENTIAL_CLIENT_ID:
        return Client(client_id, CONFIDENTIAL_CLIENT_SECRET)
    raise oauth_refusal("invalid_client", "OAU-120", "Wrong Application ID", parameter="client_id")


def authenticate(authorization: str, form_client_id: str) -> Client:
    """The client that sends a request: HTTP Basic for a confidential one, else ``client_id``."""
    if not authorization:
        client = find_client(form_client_id)
        if client.secret:
            raise oauth_refusal("invalid_client", "OAU-146", "Invalid client credentials")
        return client
    scheme, _, encoded = authorization.partition(" ")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError as error:
        raise oauth_refusal("invalid_client", "OAU-134", "Invalid Authorization header") from error
    client = find_client(client_id)
    right = hmac.compare_digest(secret.encode(), client.secret.encode())
    if scheme.lower() != "basic" or not client.secret or not right:
        raise oauth_refusal("invalid_client", "OAU-146", "Invalid client credentials")
    return client


def check_request(parameters: dict[str, str], redirect_uris: tuple[str, ...]) -> AuthorizationRequest:
    """Check the query of an authorization request.

    Raises:
        ServiceRefusal: it must not be answered with a redirect, for it cannot be trusted.
    """
    client = find_client(parameters.get("client_id", ""))
    redirect_uri = parameters.get("redirect_uri", "")
    if redirect_uri not in redirect_uris:
        raise oauth_refusal(
            "invalid_request", "OAU-109", "Redirect URIs do not match", parameter="redirect_uri"
        )
    if parameters.get("response_type") != "code":
        raise oauth_refusal(
            "unsupported_response_type",
            "CMN-101",
            "Parameter [response_type] value is invalid",
            parameter="response_type",
        )
    challenge = parameters.get("code_challenge", "")
    method = parameters.get("code_challenge_method", "plain")
    if challenge and method != "S256":
        raise oauth_refusal(
            "invalid_request",
            "CMN-101",
            "Parameter [code_challenge_method] value is invalid",
            parameter="code_challenge_method",
        )
    if not challenge and not client.secret:
        raise oauth_refusal(
            "invalid_request",
            "CMN-101",
            "Parameter [code_challenge] value is invalid",
            parameter="code_challenge",
        )
    return AuthorizationRequest(client, redirect_uri, parameters.get("state", ""), challenge)


def challenge_of(verifier: str) -> str:
    """The S256 code challenge of a verifier (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def proves(verifier: str, challenge: str) -> bool:
    """Whether the verifier is one (RFC 7636, 4.1) and belongs to the challenge."""
    if not 43 <= len(verifier) <= 128 or not verifier.isascii():
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
