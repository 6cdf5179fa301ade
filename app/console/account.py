"""``sign-in``, ``sign-out``, ``status``, ``numbers``."""

from argparse import ArgumentParser
from typing import Any

from app.console.context import Context
from app.console.running import running_status
from app.console.standing import gap_as_json, last_event, last_gap, standing
from app.console.waiting import waiting_teller
from app.domain.clock import isoformat
from app.domain.numbers import NumberError, OwnNumber, format_number, parse_number
from app.domain.problems import BadInput
from app.domain.status import Reach


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser("sign-in", parents=[shared], help="sign in with the browser")
    command.set_defaults(run=sign_in)
    command = commands.add_parser("sign-out", parents=[shared], help="end the session and forget it")
    command.set_defaults(run=sign_out)
    command = commands.add_parser("status", parents=[shared], help="how Textbell stands")
    command.set_defaults(run=status)
    command = commands.add_parser(
        "numbers", parents=[shared], help="list the numbers, choose which to follow"
    )
    command.add_argument("--select", metavar="NUMBERS", help="follow these: +1...,+1... (or: all)")
    command.set_defaults(run=numbers)


async def sign_in(context: Context) -> int:
    """Sign in through the system browser."""

    def show_link(link: str) -> None:
        context.tell("Sign in in the browser window that opens. If none does, open this address:")
        context.tell(link)

    async with context.engine() as engine:
        engine.listen(waiting_teller(context))
        await engine.sign_in(show_link)
        account = engine.status.account
        context.result({"signed_in": True, "account": account}, f"Signed in as {account or 'unknown'}.")
    return 0


async def sign_out(context: Context) -> int:
    """Revoke the session and forget it."""
    async with context.engine() as engine:
        await engine.sign_out()
    context.result({"signed_in": False}, "Signed out. The log stays on this computer.")
    return 0


async def status(context: Context) -> int:
    """Tell how things stand, from the running program where there is one."""
    running = running_status(context.choices.status_path)
    async with context.engine() as engine:
        stats = await engine.log.reader.stats()
        unread = await engine.log.reader.unread_count()
        gaps = await engine.log.reader.gaps(limit=1)
        signed_in = engine.signed_in
    following = [number.own() for number in context.settings.value.follow]
    reach = running.get("reach") if running else "not_running"
    if not signed_in:
        reach = reach if running else Reach.SIGNED_OUT.value
    value = {
        "running": bool(running),
        "reach": reach,
        "signed_in": signed_in,
        "account": running.get("account", "") if running else "",
        "since": running.get("since") if running else None,
        "last_event_at": isoformat(stats.newest) if stats.newest else None,
        "offline_since": running.get("offline_since"),
        "catching_up": running.get("catching_up"),
        "waiting_until": running.get("waiting_until"),
        "last_gap": gap_as_json(gaps[0]) if gaps else None,
        "problem": running.get("problem"),
        "server": context.choices.address(context.settings.value).server_url,
        "numbers": [{"number": number.e164, "label": number.label} for number in following],
        "events": stats.events,
        "unread": unread,
        "log_bytes": stats.bytes,
    }
    context.result(
        value,
        f"State:    {standing(str(reach), running)}",
        f"Signed in: {'yes' if signed_in else 'no'}",
        f"Numbers:  {', '.join(number.title for number in following) or 'none chosen'}",
        f"Log:      {stats.events:,} events, {stats.bytes / 1e6:.1f} MB, {unread:,} new",
        *([f"Last:     {last_event(stats.newest)}"] if stats.newest else []),
        *([f"Gap:      {last_gap(gaps[0])}"] if gaps else []),
        *([f"Problem:  {value['problem']}"] if value["problem"] else []),
    )
    return 0


async def numbers(context: Context) -> int:
    """List the account's numbers; with ``--select`` choose which to follow."""
    async with context.engine() as engine:
        available = await engine.list_numbers()
        if context.args.select is not None:
            await engine.choose(_selected(context.args.select, available))
        following = {number.e164 for number in context.settings.value.follow}
    value = {
        "numbers": [
            {"number": number.e164, "label": number.label, "followed": number.e164 in following}
            for number in available
        ]
    }
    lines = [
        f"{'*' if number.e164 in following else ' '} {number.e164}  {number.title}" for number in available
    ]
    context.result(value, *(lines or ["This account has no numbers that can send High Volume SMS."]))
    return 0


def _selected(text: str, available: tuple[OwnNumber, ...]) -> list[OwnNumber]:
    if text.strip().lower() == "all":
        return list(available)
    by_number = {number.e164: number for number in available}
    chosen = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            e164 = parse_number(part)
        except NumberError as error:
            raise BadInput(str(error)) from error
        if e164 not in by_number:
            raise BadInput(f"{format_number(e164)} is not one of this account's High Volume SMS numbers.")
        chosen.append(by_number[e164])
    return chosen
