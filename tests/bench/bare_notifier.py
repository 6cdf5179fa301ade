"""``python -m tests.bench.bare_notifier URI NUMBER``: a notification for each event worth one, at once."""

import asyncio
import sys

from dbus_fast import Message
from dbus_fast.aio import MessageBus

from tests.bench.bare_gateway import notifications

_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


async def _run(uri: str, number: str) -> None:
    bus = await MessageBus().connect()
    async for found in notifications(uri, number):
        body = found["body"]
        if "active" not in body and body.get("status") != "Completed":
            continue
        values = ["Bare", 0, "", "Something happened", str(body), [], {}, -1]
        await bus.call(Message(_NAME, _PATH, _NAME, "Notify", signature="susssasa{sv}i", body=values))


if __name__ == "__main__":
    asyncio.run(_run(*sys.argv[1:]))
