"""Measurements: each prints its figure beside the floor or limit of the same run.

    python -m tests.bench                    all of them, one table, about five minutes
    python -m tests.bench.bench_start        start to the icon in the tray
    python -m tests.bench.bench_idle         processor and memory while nothing happens
    python -m tests.bench.bench_latency      event at the service to notification
    python -m tests.bench.bench_ingest       frames to stored events
    python -m tests.bench.bench_store        the log alone: taking events in, and searching them

    python -m tests.bench.bench_loss         what is lost on a bad day, next to RingCentral's Python SDK
    python -m tests.bench.bench_catch_up     a weekend of 50,000 messages read back, with the window open
    python -m tests.bench.bench_day          24 hours in twelve minutes: what is held in the end

The last three take minutes each and are no part of the table.

They are no tests: nothing fails when a machine is slow or busy. What is measured and its floor (the least
program that could do the same) run in turns or side by side in the same run, so that it is their ratio that
tells something. The first three need Linux, and run in a private desktop with a sandbox service of
their own; nothing of the user's is touched. A busy machine makes single figures worse, never better: before
calling a target missed, run it again when nothing else runs.
"""
