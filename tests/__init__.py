"""Tests of Textbell. They mirror the rooms of ``app/``."""
