"""The one place where the program's status is kept and told."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from app.domain.clock import Clock
from app.domain.problems import Problem
from app.domain.status import Reach, Status

log = logging.getLogger(__name__)


class StatusBoard:
    """Holds the status and tells listeners when it changes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._status = Status(Reach.CONNECTING, clock.now())
        self._problem: Problem | None = None
        self._log_problem: Problem | None = None
        self._vault_problem: Problem | None = None
        self._listeners: list[Callable[[Status], None]] = []

    @property
    def status(self) -> Status:
        return self._status

    def listen(self, callback: Callable[[Status], None]) -> Callable[[], None]:
        """Call back after each change, in the loop's thread; returns what ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def change(self, **changes: Any) -> None:
        """Set fields of the status. ``since`` follows ``reach`` by itself."""
        reach = changes.get("reach", self._status.reach)
        if reach is not self._status.reach:
            changes.setdefault("since", self._clock.now())
            log.info("%s -> %s", self._status.reach, reach)
        if "problem" in changes:
            self._problem = changes["problem"]
        # A log that cannot be written is the graver trouble, and no connection ends it; tokens that
        # cannot be kept go on troubling while all goes well.
        changes["problem"] = self._log_problem or self._problem or self._vault_problem
        new = replace(self._status, **changes)
        if new == self._status:
            return
        self._status = new
        for listener in tuple(self._listeners):
            listener(new)

    def log_trouble(self, problem: Problem | None) -> None:
        """The log cannot be written, or (``None``) can be again."""
        self._log_problem = problem
        self.change()

    def vault_trouble(self, problem: Problem | None) -> None:
        """The keyring does not take the tokens, or (``None``) it has taken them."""
        self._vault_problem = problem
        self.change()
