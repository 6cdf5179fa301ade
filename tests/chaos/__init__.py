"""Nothing lost, nothing twice: the program as a process of its own, and a service that does it every wrong.

    python -m tests.chaos                                       one seed, 20,000 events, two or three minutes
    python -m tests.chaos --seeds 1-20 --events 20000           twenty of them, one after the other
    python -m tests.chaos --seeds 7 --events 20000 --keep DIR   what seed 7 left behind, to look at

A seed makes a schedule (``scenario.py``): what customers and carriers do, and what goes wrong meanwhile. The
sandbox runs in this process and keeps the truth; the engine runs in another (``program.py``), with the real
log, and is killed, stopped and restarted. Both live in a time that passes several times faster than ours
(``lapse.py``), so that every timeout, delay and rate limit is RingCentral's own and the program's own.

At the end the program is given quiet until it says that it is live and has caught up. Then ``verdict.py``
compares its log, and every notification it showed, with the truth. What may be missing is only what the
service cannot tell afterwards: a state of a batch or message that a later one had overtaken before the
program could ask. Which of those were missing, and which events were not announced because the program was
killed between noting that and showing it, is counted and printed.
"""
