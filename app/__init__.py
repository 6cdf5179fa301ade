"""Textbell: a tray program that watches RingCentral High Volume SMS numbers.

The rooms and who may import whom are listed in ``app/ARCHITECTURE.md`` and enforced by
import-linter (``pyproject.toml``).
"""

__version__ = "0.1.0"
