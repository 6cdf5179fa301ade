"""The OAuth endpoints."""

from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

from app.sandbox.api import Call, Endpoint, answer
from app.sandbox.clients import AuthorizationRequest, authenticate, check_request
from app.sandbox.directory import ACCOUNT_ID, EXTENSION_ID, USER_EMAIL, USER_FIRST_NAME, USER_LAST_NAME
from app.sandbox.errors import ServiceRefusal, oauth_refusal
from app.sandbox.pages import authorize_page, refusal_page


async def show_authorize(call: Call) -> web.Response:
    """The page to sign in with, or the redirect at once if approval is automatic."""
    parameters = dict(call.request.query)
    try:
        wanted = check_request(parameters, call.service.options.redirect_uris)
    except ServiceRefusal as refusal:
        return _refuse(call, refusal)
    if call.service.oauth.auto_approve:
        return _approve(call, wanted)
    return authorize_page(parameters)


async def decide_authorize(call: Call) -> web.Response:
    """What the user chose on that page."""
    parameters = await _form(call)
    decision = parameters.pop("decision", "sign-in")
    try:
        wanted = check_request(parameters, call.service.options.redirect_uris)
    except ServiceRefusal as refusal:
        return _refuse(call, refusal)
    if decision != "sign-in":
        return _redirect(
            wanted, {"error": "access_denied", "error_description": "The user cancelled the sign-in"}
        )
    return _approve(call, wanted)


async def issue_token(call: Call) -> web.Response:
    """Codes and refresh tokens for token pairs."""
    if call.request.content_type != "application/x-www-form-urlencoded":
        raise ServiceRefusal(415, "CMN-415", "Unsupported media type", oauth_error="invalid_request")
    form = await _form(call)
    oauth = call.service.oauth
    client = authenticate(call.request.headers.get("Authorization", ""), form.get("client_id", ""))
    headers = call.service.limits.take(client.id, "Auth")
    grant = form.get("grant_type", "")
    if grant == "authorization_code":
        pair = oauth.exchange_code(client, form)
    elif grant == "refresh_token":
        pair = oauth.refresh(client, form.get("refresh_token", ""))
    else:
        raise oauth_refusal(
            "unsupported_grant_type",
            "OAU-112",
            f"The client is unauthorized for the required grant type: [{grant}]",
            parameter="grant_type",
        )
    return answer(pair, headers={**headers, "Cache-Control": "no-store"})


async def revoke_token(call: Call) -> web.Response:
    """Ends the session of a token, which comes in the query, the form, or JSON (as one SDK sends it)."""
    form = await _form(call)
    oauth = call.service.oauth
    client = authenticate(call.request.headers.get("Authorization", ""), form.get("client_id", ""))
    headers = call.service.limits.take(client.id, "Auth")
    oauth.revoke(call.request.query.get("token") or form.get("token", ""))
    return web.Response(status=200, headers=headers)


async def issue_ws_token(call: Call) -> web.Response:
    """A token for one connection to the gateway."""
    assert call.session is not None
    return answer(
        {
            "uri": call.service.server_url().replace("http", "ws", 1) + "/ws",
            "ws_access_token": call.service.oauth.issue_ws_token(call.session),
            "expires_in": max(1, round(call.service.options.wstoken_ttl)),
        }
    )


async def show_user(call: Call) -> web.Response:
    """Who is signed in (OpenID Connect)."""
    return answer(
        {
            "sub": EXTENSION_ID,
            "account_id": ACCOUNT_ID,
            "given_name": USER_FIRST_NAME,
            "family_name": USER_LAST_NAME,
            "email": USER_EMAIL,
            "email_verified": True,
        }
    )


def _approve(call: Call, wanted: AuthorizationRequest) -> web.Response:
    code = call.service.oauth.issue_code(wanted)
    expires_in = str(round(call.service.options.authorization_code_ttl))
    return _redirect(wanted, {"code": code, "expires_in": expires_in})


def _redirect(wanted: AuthorizationRequest, parameters: dict[str, str]) -> web.Response:
    if wanted.state:
        parameters["state"] = wanted.state
    parts = urlsplit(wanted.redirect_uri)
    query = "&".join(filter(None, (parts.query, urlencode(parameters))))
    location = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
    return web.Response(status=302, headers={"Location": location, "Cache-Control": "no-store"})


def _refuse(call: Call, refusal: ServiceRefusal) -> web.Response:
    if "text/html" in call.request.headers.get("Accept", ""):
        return refusal_page(refusal.status, refusal.message, refusal.code)
    return refusal.response()


async def _form(call: Call) -> dict[str, str]:
    if call.request.content_type == "application/json":
        body = await call.json_body()
        return {k: v for k, v in body.items() if isinstance(v, str)} if isinstance(body, dict) else {}
    form = await call.request.post()
    return {name: value for name, value in form.items() if isinstance(value, str)}


ENDPOINTS = [
    Endpoint("GET", "/restapi/oauth/authorize", show_authorize, "Auth", bearer=False),
    Endpoint("POST", "/restapi/oauth/authorize", decide_authorize, "Auth", bearer=False),
    Endpoint("POST", "/restapi/oauth/token", issue_token, "Auth", bearer=False),
    Endpoint("POST", "/restapi/oauth/revoke", revoke_token, "Auth", bearer=False),
    Endpoint("POST", "/restapi/oauth/wstoken", issue_ws_token, "Auth", "WebSocket"),
    Endpoint("GET", "/restapi/oauth/userinfo", show_user, "Auth"),
]
