"""The service's language: filters, frames, bodies, sign-in forms, error verdicts, rate windows.

Everything here decides and performs nothing: no socket, no ``await``, no clock and no chance. Time,
randomness and identifiers come in as arguments, and what is to be sent comes out as values.
"""
