"""The control address: with it a test, or a person with ``curl``, makes things happen.

``GET {control_url}`` lists the commands. ``POST {control_url}/COMMAND`` with a JSON object (or nothing)
as ``application/json`` carries one out and answers ``{"ok": true, ...}``; a wrong argument answers
400 ``{"error": "..."}``. Optional arguments are in brackets.

Texts and consent
    inbound         customer, text, [number]: a customer texts; a keyword changes consent as well
    opt-out         customer, [number], [word]: the customer texts STOP
    opt-in          customer, [number], [word]: the customer texts START
    consent         number, customer, status, [source], [coverage]: a consent is recorded otherwise
    create-batch    text, [size], [recipients], [rejected], [number], [delivered], [delivery_failed],
                    [sending_failed]: a batch is accepted; the last three are shares of 1
    progress-batch  batch_id, [count]: so many (or all) of its messages are handed to the carriers
    settle-batch    batch_id, [count]: the carriers report on so many (or all) of its messages
    complete-batch  batch_id, [settle]: all of both
    emit            count, [family]: so many events as fast as possible (inbound, outbound, optout)
    repeat          [seq]: a change (the newest) is notified once more, under a new uuid
    raw-frame       [text], [base64]: these characters (or bytes, which may be no UTF-8) as a text frame to
                    every connection
    raw-body        text: a notification whose body is these characters, to every connection
    hostile         [name]: a frame of that name, or one of each kind, that makes no sense
    disorder        [twice], [renamed], [late], [late_by], [hostile]: shares (0 to 1) of the notifications
                    that come twice, come again under another uuid, come late by so many seconds at most,
                    or are followed by a frame that makes no sense. Without arguments it ends

The network
    drop            [close_frame], [code]: every connection ends; sessions can be recovered
    dark            [everything]: open connections (with ``everything``, new ones too) get no answer
    light           that ends
    away            seconds, [dark], [forget]: for so long connections are refused and those there were
                    broken (with ``dark``: nothing is answered); with ``forget`` no session survives it
    refuse          new connections are refused
    accept          they are accepted again
    forget-sessions recovery of sessions that are not connected will fail

Tokens
    expire-access   every access token is too old now
    expire-refresh  every refresh token is too old now
    revoke          every session is ended, as by an administrator
    auto-approve    on: the authorization page signs in by itself

Refusals
    fail            status, [group], [path], [count], [seconds], [retry_after], [code]: the next
                    requests that fit are answered so
    penalty         group, [seconds]: the group is in its rate penalty, which requests restart
    forget-limits   rate windows begin afresh, penalties end
    deny            permission, [code]: 403 CMN-401 (the app lacks it) or CMN-408 (the user does)
    refuse-v2       [status]: every v2 endpoint is refused (403, or 404)
    disable-filters part, [reason]: filters that contain ``part`` are listed as disabled from now on
    clear           all refusals and delays end

Delays
    slow            seconds, [path], [lasting]: answers to a path that begins so are withheld
    lag             seconds: the lists show what was so long ago; 0 ends that

Looking
    state           addresses, connections, sessions, counts
    truth           [since]: every change after that number, with the uuids it was notified under
    requests        [since]: the requests that came, without anything secret, and counts by path
    skip            seconds: let time pass at once
"""

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from app.sandbox.consents import OPT_IN, OPT_OUT
from app.sandbox.directory import HIGH_VOLUME_NUMBERS
from app.sandbox.hostile import HOSTILE
from app.sandbox.model import OutcomeMix

if TYPE_CHECKING:
    from app.sandbox.server import Sandbox

Arguments = dict[str, Any]
Answer = dict[str, Any] | None
_FIRST = HIGH_VOLUME_NUMBERS[0]


def add_control(app: web.Application, box: "Sandbox") -> None:
    """Serve the commands."""
    commands = _commands(box)

    async def index(request: web.Request) -> web.Response:
        return web.json_response({"commands": sorted(commands), "help": __doc__})

    async def carry_out(request: web.Request) -> web.Response:
        command = commands.get(request.match_info["command"])
        if command is None:
            return web.json_response({"error": "There is no such command."}, status=404)
        text = await request.text()
        if text and request.content_type != "application/json":
            return web.json_response({"error": "Send application/json."}, status=415)
        try:
            arguments = json.loads(text) if text.strip() else {}
            result = command(**arguments)
            answer = await result if isawaitable(result) else result
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"ok": True, **(answer or {})})

    app.router.add_get("/", index)
    app.router.add_post("/{command}", carry_out)


def _commands(box: "Sandbox") -> dict[str, Callable[..., Answer | Awaitable[Answer]]]:
    return {**_happenings(box), **_network(box), **_refusals(box), **_looks(box)}


def _happenings(box: "Sandbox") -> dict[str, Callable[..., Answer]]:
    world = box.world

    def inbound(customer: str, text: str, number: str = _FIRST) -> Answer:
        return {"message_id": str(world.inbound(customer, text, number=number).id)}

    def opt_out(customer: str, number: str = _FIRST, word: str = "STOP") -> Answer:
        return {"message_id": str(world.opt_out(customer, number=number, word=word).id)}

    def opt_in(customer: str, number: str = _FIRST, word: str = "START") -> Answer:
        return {"message_id": str(world.opt_in(customer, number=number, word=word).id)}

    def consent(
        number: str, customer: str, status: str, source: str = "Api", coverage: str = "PhoneNumber"
    ) -> Answer:
        if status not in (OPT_OUT, OPT_IN):
            raise ValueError(f"status is {OPT_OUT} or {OPT_IN}")
        changed = world.set_consent(number, customer, status, source=source, coverage=coverage)
        return {"changed": changed}

    def create_batch(
        text: str,
        size: int = 0,
        recipients: tuple[str, ...] = (),
        rejected: tuple[str, ...] = (),
        number: str = _FIRST,
        **shares: float,
    ) -> Answer:
        batch = world.create_batch(
            text,
            number=number,
            size=size,
            recipients=recipients,
            rejected=rejected,
            mix=OutcomeMix(**shares) if shares else None,  # type: ignore[arg-type]
        )
        return {"batch_id": batch.id, "size": batch.size}

    def progress_batch(batch_id: str, count: int | None = None) -> Answer:
        return {"batch": world.progress_batch(batch_id, count).described()}

    def settle_batch(batch_id: str, count: int | None = None) -> Answer:
        return {"settled": world.settle_batch(batch_id, count)}

    def complete_batch(batch_id: str, settle: bool = True) -> Answer:
        return {"batch": world.complete_batch(batch_id, settle=settle).described()}

    def emit(count: int, family: str = "inbound") -> Answer:
        before = len(world.journal.truth)
        world.flood(count, family)
        return {"changes": len(world.journal.truth) - before}

    def repeat(seq: int | None = None) -> Answer:
        world.journal.tell_again(world.journal.truth[-1 if seq is None else seq - 1])
        return None

    def raw_frame(text: str = "", base64: str = "") -> Answer:
        return {"connections": box.gateway.send_raw(b64decode(base64, validate=True) if base64 else text)}

    def hostile(name: str = "") -> Answer:
        for each in [name] if name else HOSTILE:
            box.gateway.send_raw(HOSTILE[each]())
        return {"names": list(HOSTILE)}

    def disorder(**shares: float) -> Answer:
        box.gateway.disorder.calm()
        for name, share in shares.items():
            if name not in ("twice", "renamed", "late", "late_by", "hostile"):
                raise ValueError(f"there is no {name}")
            setattr(box.gateway.disorder, name, float(share))
        return None

    def raw_body(text: str) -> Answer:
        return {"connections": box.gateway.send_raw_body(text)}

    return {
        "inbound": inbound,
        "opt-out": opt_out,
        "opt-in": opt_in,
        "consent": consent,
        "create-batch": create_batch,
        "progress-batch": progress_batch,
        "settle-batch": settle_batch,
        "complete-batch": complete_batch,
        "emit": emit,
        "repeat": repeat,
        "raw-frame": raw_frame,
        "raw-body": raw_body,
        "hostile": hostile,
        "disorder": disorder,
    }


def _network(box: "Sandbox") -> dict[str, Callable[..., Answer | Awaitable[Answer]]]:
    def drop(close_frame: bool = True, code: int = 1001) -> Answer:
        return {"connections": box.gateway.drop(close_frame=close_frame, code=code)}

    def dark(everything: bool = False) -> Answer:
        box.gateway.go_dark(everything=everything)
        return None

    def light() -> Answer:
        box.gateway.light_up()
        return None

    async def away(seconds: float, dark: bool = False, forget: bool = False) -> Answer:
        await box.go_away(seconds, dark=dark, forget=forget)
        return None

    async def refuse() -> Answer:
        await box.refuse_connections()
        return None

    async def accept() -> Answer:
        await box.accept_connections()
        return None

    def forget_sessions() -> Answer:
        box.gateway.forget_sessions()
        return None

    def auto_approve(on: bool = True) -> Answer:
        box.oauth.auto_approve = on
        return None

    return {
        "drop": drop,
        "dark": dark,
        "light": light,
        "away": away,
        "refuse": refuse,
        "accept": accept,
        "forget-sessions": forget_sessions,
        "auto-approve": auto_approve,
        "expire-access": lambda: {"sessions": box.oauth.expire_access_tokens()},
        "expire-refresh": lambda: {"sessions": box.oauth.expire_refresh_tokens()},
        "revoke": lambda: {"sessions": box.oauth.revoke_all()},
    }


def _refusals(box: "Sandbox") -> dict[str, Callable[..., Answer]]:
    def fail(status: int, **arguments: Any) -> Answer:
        box.faults.add(status, **arguments)
        return None

    def penalty(group: str, seconds: float = 30) -> Answer:
        for client_id in {session.client_id for session in box.oauth.sessions} | {box.client_id}:
            box.limits.penalize(client_id, group, seconds)
        return None

    def forget_limits() -> Answer:
        box.limits.forget()
        return None

    def deny(permission: str, code: str = "CMN-401") -> Answer:
        if code not in ("CMN-401", "CMN-408"):
            raise ValueError("code is CMN-401 or CMN-408")
        box.faults.denied[permission] = code
        return None

    def refuse_v2(status: int = 403) -> Answer:
        box.faults.v2_refused = status
        return None

    def disable_filters(part: str, reason: str = "Not allowed for this user") -> Answer:
        box.gateway.subscriptions.disabled_filters[part] = reason
        return None

    def slow(seconds: float, path: str = "", lasting: float = 60.0) -> Answer:
        box.slowness.answer_after(seconds, path=path, lasting=lasting)
        return None

    def lag(seconds: float) -> Answer:
        box.slowness.lag = float(seconds)
        return None

    def clear() -> Answer:
        box.faults.clear()
        box.slowness.clear()
        box.gateway.subscriptions.disabled_filters.clear()
        return None

    return {
        "fail": fail,
        "penalty": penalty,
        "forget-limits": forget_limits,
        "deny": deny,
        "refuse-v2": refuse_v2,
        "disable-filters": disable_filters,
        "slow": slow,
        "lag": lag,
        "clear": clear,
    }


def _looks(box: "Sandbox") -> dict[str, Callable[..., Answer]]:
    def state() -> Answer:
        return {
            "server_url": box.server_url,
            "client_id": box.client_id,
            "connections": sum(1 for _ in box.gateway.connections()),
            "connections_made": box.gateway.connections_made,
            "oauth_sessions": len(box.oauth.live_sessions()),
            "numbers": [{"number": n.e164, "label": n.label} for n in box.world.numbers],
            "messages": len(box.world.journal.messages),
            "batches": len(box.world.journal.batches),
            "changes": len(box.world.journal.truth),
        }

    def truth(since: int = 0) -> Answer:
        return {"changes": [change.logged() for change in box.world.journal.truth[since:]]}

    def requests(since: int = 0) -> Answer:
        entries = list(box.requests.entries)[since:]
        return {"requests": entries, "counts": dict(box.requests.counts)}

    def skip(seconds: float) -> Answer:
        box.clock.skip(seconds)
        return None

    return {"state": state, "truth": truth, "requests": requests, "skip": skip}
