"""The subscription endpoints over HTTP: WebSocket subscriptions can be read and cancelled there."""

from aiohttp import web

from app.sandbox.api import Call, Endpoint, answer
from app.sandbox.errors import ServiceRefusal, not_found
from app.sandbox.gateway import GatewaySession
from app.sandbox.subscriptions import Subscription

_PATH = "/restapi/v1.0/subscription"


async def list_subscriptions(call: Call) -> web.Response:
    gateway = call.service.gateway
    records = [gateway.subscriptions.describe(subscription) for _, subscription in _own(call)][:30]
    return answer({"uri": call.service.server_url() + _PATH, "records": records})


async def create_subscription(call: Call) -> web.Response:
    """Refused: this way only webhooks can be made, which the sandbox does not deliver."""
    await call.json_body()
    raise ServiceRefusal(
        400,
        "SUB-521",
        "WebSocket subscriptions are created over a WebSocket connection",
        parameter="deliveryMode",
    )


async def show_subscription(call: Call) -> web.Response:
    return answer(call.service.gateway.subscriptions.describe(_find(call)[1]))


async def update_subscription(call: Call) -> web.Response:
    """Renews it if the body is empty, else is refused: only the connection itself may change it."""
    _, subscription = _find(call)
    if (await call.request.text()).strip():
        raise ServiceRefusal(
            400, "SUB-521", "WebSocket subscriptions cannot be updated via HTTP", parameter="deliveryMode"
        )
    return answer(call.service.gateway.subscriptions.describe(subscription))


async def cancel_subscription(call: Call) -> web.Response:
    session, _ = _find(call)
    session.subscription = None
    return web.Response(status=204)


def _own(call: Call) -> list[tuple[GatewaySession, Subscription]]:
    return [
        (session, session.subscription)
        for session in call.service.gateway.sessions.values()
        if session.oauth is call.session and session.subscription is not None
    ]


def _find(call: Call) -> tuple[GatewaySession, Subscription]:
    wanted = call.request.match_info["subscriptionId"]
    for session, subscription in _own(call):
        if subscription.id == wanted:
            return session, subscription
    raise not_found("subscriptionId")


_ONE = _PATH + "/{subscriptionId}"
_PERMISSION = "WebSocketSubscription"
ENDPOINTS = [
    Endpoint("GET", _PATH, list_subscriptions, "Light", _PERMISSION),
    Endpoint("POST", _PATH, create_subscription, "Medium", _PERMISSION),
    Endpoint("GET", _ONE, show_subscription, "Light", _PERMISSION),
    Endpoint("PUT", _ONE, update_subscription, "Medium", _PERMISSION),
    Endpoint("DELETE", _ONE, cancel_subscription, "Medium", _PERMISSION),
    Endpoint("POST", _ONE + "/renew", update_subscription, "Light", _PERMISSION),
]
