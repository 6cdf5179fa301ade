"""The gateway's frames: JSON arrays ``[meta, body]``, as the guide's "WebSocket gateway" describes them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from app.domain.events import ResumePoint
from app.ringcentral.wirejson import TOO_DEEP, Unparsable, dump, parse, storable

CONNECTION_DETAILS = "ConnectionDetails"
CLIENT_REQUEST = "ClientRequest"
SERVER_NOTIFICATION = "ServerNotification"
HEARTBEAT = "Heartbeat"
ERROR = "Error"

SUBSCRIPTION_PATH = "/restapi/v1.0/subscription"

_NO_FRAME = "What arrived is not a frame of the RingCentral gateway."


class Frame(NamedTuple):
    """One frame, its body still as the text that arrived."""

    type: str
    message_id: str
    status: int
    """0 where the frame has none."""
    headers: Mapping[str, str]
    resume: ResumePoint | None
    """The frame's ``wsc`` pair."""
    body_text: str
    """The body's JSON as received, ``""`` where there is none."""

    def body(self) -> Any:
        """The body's value; ``None`` where there is none or it cannot be read."""
        try:
            return parse(self.body_text) if self.body_text else None
        except Unparsable:
            return None


def read_frame(text: str) -> Frame:
    """Read a frame. The body is not parsed, so that it can be kept as it was sent.

    Raises:
        Unparsable: this is no frame; ``str()`` of it says why.
    """
    opened = text
    if not (opened[:1] == "[" and opened[-1:] == "]"):
        opened = text.strip().lstrip("\ufeff")
        if not (opened[:1] == "[" and opened[-1:] == "]"):
            parse(text)  # Says what is wrong, if it is not even JSON.
            raise Unparsable(_NO_FRAME)
    start = 1 if opened[1:2] == "{" else _after_space(opened, 1)
    try:
        meta, end = _DECODER.raw_decode(opened, start)
    except RecursionError:
        raise Unparsable(TOO_DEEP) from None
    except ValueError:
        parse(text)
        raise Unparsable(_NO_FRAME) from None
    if opened[end : end + 1] == ",":
        body_text = opened[end + 1 : -1].strip()
    else:
        rest = opened[end:-1].strip()
        if rest and rest[0] != ",":
            raise Unparsable(_NO_FRAME)
        body_text = rest[1:].strip()
    if not isinstance(meta, dict) or not isinstance(meta.get("type"), str):
        raise Unparsable(_NO_FRAME)
    status = meta.get("status")
    message_id = meta.get("messageId")
    return Frame(
        type=meta["type"],
        message_id=message_id if isinstance(message_id, str) else "",
        status=status if isinstance(status, int) and not isinstance(status, bool) else 0,
        headers=_headers(meta["headers"]) if "headers" in meta else {},
        resume=_resume(meta["wsc"]) if "wsc" in meta else None,
        body_text=body_text,
    )


def connection_uri(uri: str, ws_access_token: str, resume: ResumePoint | None) -> str:
    """The address to connect to: it holds secrets and must not be logged."""
    query = {"access_token": ws_access_token}
    if resume is not None:
        query["wsc"] = resume.token
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}"


def subscribe_frame(message_id: str, filters: tuple[str, ...]) -> str:
    """The request for the connection's subscription."""
    return _request(message_id, "POST", SUBSCRIPTION_PATH, filters)


def update_frame(message_id: str, subscription_id: str, filters: tuple[str, ...]) -> str:
    """The request that changes a subscription in place."""
    return _request(message_id, "PUT", f"{SUBSCRIPTION_PATH}/{quote(subscription_id, safe='')}", filters)


def heartbeat_frame(message_id: str) -> str:
    """The sign of life to send after a silence."""
    return dump([{"type": HEARTBEAT, "messageId": message_id}])


def _request(message_id: str, method: str, path: str, filters: tuple[str, ...]) -> str:
    meta = {"type": CLIENT_REQUEST, "messageId": message_id, "method": method, "path": path}
    body = {"eventFilters": list(filters), "deliveryMode": {"transportType": "WebSocket"}}
    return dump([meta, body])


def _resume(wsc: Any) -> ResumePoint | None:
    if not isinstance(wsc, dict):
        return None
    token, sequence = wsc.get("token"), wsc.get("sequence")
    if not isinstance(token, str) or not token:
        return None
    if not isinstance(sequence, int) or isinstance(sequence, bool) or not 0 <= sequence < 2**63:
        sequence = 0
    return ResumePoint(storable(token), sequence)


def _headers(value: Any) -> Mapping[str, str]:
    if not isinstance(value, dict):
        return {}
    return {storable(name): storable(item) for name, item in value.items() if isinstance(item, str)}


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


_DECODER = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
