"""What the operating system offers: notifications, browser, folders, start at login, waking up.

Knows nothing of the service, the log or the engine. Modules import Qt and the libraries of the
desktop only where they use them: the console companion uses this room without a screen.
"""
