"""The tray program: puts the engine, the windows and the desktop together, and takes them apart.

Only ``app.__main__`` imports it. It decides the order of starting and ending, and nothing else.
"""
