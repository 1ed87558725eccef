"""Doing something once, a moment after the last of several changes."""

from __future__ import annotations

from collections.abc import Callable

import qt

MILLISECONDS = 150


class Delayed:
    """Calls an action once things have been quiet for a moment.

    Args:
        action: what to do.
        milliseconds: how long nothing must have happened.
    """

    def __init__(self, action: Callable[[], None], milliseconds: int = MILLISECONDS) -> None:
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.connect("timeout()", action)

    def start(self) -> None:
        """Something changed: wait from now on."""
        self._timer.start()

    def stop(self) -> None:
        """Do not do it after all."""
        self._timer.stop()
