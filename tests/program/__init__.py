"""Tests of app.program."""
