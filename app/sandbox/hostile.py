"""Frames that no service should send, and that one day some proxy, bug or attacker will."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

STRANGER = "+19995550199"
"""The customer of those hostile frames that can be understood: nobody else has this number."""

_A2P = "/restapi/v1.0/account/405151939033/a2p-sms"
_TIME = "2026-02-30T25:61:61.000Z"
"""A moment that never comes."""


def _notification(body: object, **envelope: object) -> str:
    meta = {"type": "ServerNotification", "messageId": "hostile", "status": 200}
    whole = {"uuid": "hostile", "event": f"{_A2P}/opt-outs", "timestamp": _TIME, **envelope, "body": body}
    return json.dumps([meta, whole])


def _with_meta(meta: object, body: object = None) -> str:
    return json.dumps([meta, body])


def _opt_out(**fields: object) -> dict[str, object]:
    return {"from": "+16505550100", "to": STRANGER, "active": True, **fields}


HOSTILE: Mapping[str, Callable[[], str | bytes]] = MappingProxyType(
    {
        "nothing": lambda: "",
        "prose": lambda: "<html><body>502 Bad Gateway</body></html>",
        "cut off": lambda: _notification(_opt_out())[:-40],
        "nested brackets": lambda: "[" * 100_000,
        "nested body": lambda: _notification(0)[:-3] + '{"a":' * 5_000 + "1" + "}" * 5_001 + "]",
        "no list": lambda: '{"type":"ServerNotification"}',
        "empty list": lambda: "[]",
        "meta of another type": lambda: _with_meta(7, {"a": 1}),
        "kind of another type": lambda: _with_meta({"type": ["ServerNotification"]}),
        "unknown kind": lambda: _with_meta({"type": "ServerReset", "messageId": "1"}, {"all": True}),
        "answer to nobody": lambda: _with_meta(
            {"type": "ClientRequest", "messageId": "nobody asked", "status": 200}, {"id": "x"}
        ),
        "refusal to nobody": lambda: _with_meta(
            {"type": "ClientRequest", "messageId": "nobody asked", "status": 500}, {"errorCode": 1}
        ),
        "session of another type": lambda: _with_meta(
            {"type": "Heartbeat", "messageId": None, "wsc": {"token": 12, "sequence": "first"}}
        ),
        "no body": lambda: _with_meta({"type": "ServerNotification", "messageId": "1"}),
        "body of another type": lambda: _notification([1, 2, 3]),
        "fields of other types": lambda: _notification(
            _opt_out(active="maybe", to=[], **{"from": {"a": None}}), uuid=12, timestamp=True, event=[None]
        ),
        "message of other types": lambda: _notification(
            {"id": {}, "from": 1.5, "to": {"a": 1}, "messageStatus": 3, "text": ["a"], "cost": "much"},
            event=f"{_A2P}/messages?direction=Outbound",
        ),
        "batch of other types": lambda: _notification(
            {"id": [], "batchSize": -1e300, "processedCount": "all", "status": None, "cost": []},
            event=f"{_A2P}/batches",
        ),
        "numbers beyond reason": lambda: (
            _notification(0)[:-3] + '{"id":1e999,"cost":-1E400,"n":' + "9" * 5_000 + "}}]"
        ),
        "lone surrogates": lambda: _notification(_opt_out(text="\ud83d\udca9"[:1]), uuid="\udc00"),
        "control characters": lambda: _notification(_opt_out(text="\x00\x1b[2J\u202e\ufeff"), uuid="\x00"),
        "the same key twice": lambda: _notification(0)[:-3] + '{"from":"a","from":["b"],"active":1}}]',
        "not a number": lambda: _notification(float("nan")),
        "very long": lambda: _notification(_opt_out(text="stop " * 200_000)),
        "no Unicode": lambda: b'[{"type":"ServerNotification"},{"body":"\xff\xfe\xc3\x28"}]',
        "a byte order mark": lambda: b"\xef\xbb\xbf" + _notification([]).encode(),
    }
)
"""What each looks like, by name. Text frames all; bytes are those of a text frame that is not UTF-8."""
