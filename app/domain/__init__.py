"""What is true whatever the wire or the screen: numbers, events, consent, status, problems.

Nothing here performs input or output (but for one file of the program's own, the rules for possible
opt-outs), reads a clock, or knows of asyncio, pydantic or Qt.
Every other room may import this one; it imports only the standard library and ``phonenumbers``.
"""
