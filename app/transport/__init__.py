"""Bytes: the REST client, the tokens, the gateway's socket, the loopback receiver, the keyring.

It performs what ``app.ringcentral`` decides, and does not decide what an event means. Errors of the
libraries end at this room's edge: what leaves it is one of ``app.domain.problems``.
"""
