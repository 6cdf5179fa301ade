"""The engine: signing in, watching the gateway, storing what comes, handing notices on.

It decides when things happen; how bytes travel is ``app.transport``'s, what they mean is
``app.ringcentral``'s, where they are kept is ``app.eventlog``'s. It knows no Qt, no SQL and no JSON,
and it runs on whatever asyncio loop it is started on.
"""
