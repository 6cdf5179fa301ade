"""Tests of the set-up script and of what makes the packages."""
