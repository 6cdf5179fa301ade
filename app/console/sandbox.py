"""``sandbox``: the local RingCentral-compatible service, for demonstrations and tests."""

import asyncio
import json
import signal
from argparse import ArgumentParser, Namespace
from typing import Any

SCENARIOS = ("silent", "demo", "quiet-shop", "busy-morning", "campaign", "opt-out-storm")


def add_commands(commands: Any, shared: ArgumentParser) -> None:
    """Add this module's commands to the command line."""
    command = commands.add_parser(
        "sandbox", parents=[shared], help="run a local RingCentral-compatible service"
    )
    command.add_argument("--port", type=_port, default=0, metavar="N", help="default: any free port")
    command.add_argument(
        "--seed", type=int, default=0, metavar="N", help="same seed, same customers and texts"
    )
    command.add_argument(
        "--scenario", choices=SCENARIOS, default="quiet-shop", metavar="NAME", help=", ".join(SCENARIOS)
    )
    command.add_argument("--auto-approve", action="store_true", help="sign in without asking")
    command.set_defaults(run=run)


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(text)
    return port


_port.__name__ = "port"  # argparse: "invalid port value"


async def run(args: Namespace) -> int:
    """Serve until SIGINT or SIGTERM; print one JSON line when ready."""
    from app.sandbox import Sandbox, SandboxOptions

    options = SandboxOptions(
        port=args.port, seed=args.seed, scenario=args.scenario, auto_approve=args.auto_approve
    )
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(ended.set))
    async with Sandbox(options) as box:
        ready = {"server_url": box.server_url, "client_id": box.client_id, "control_url": box.control_url}
        print(json.dumps(ready), flush=True)
        await ended.wait()
    return 0
