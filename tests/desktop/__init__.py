"""Tests of the operating system's room, and the private desktop in which the whole program is tried."""
