"""``textbellctl``: the same engine without a window, for scripts, support and the curious.

Results go to stdout (``--json``: machine-readable), messages for people to stderr. Exit status:
0 done, 1 could not (the reason is on stderr), 2 wrong usage.
"""
