"""The windows, the tray and the words on them.

This room shows what the engine, the log and the settings say, and turns clicks into calls of them
through ``Tasks``. It knows nothing of the wire and holds no SQL. ``desk.Desk`` is its front door.
"""
