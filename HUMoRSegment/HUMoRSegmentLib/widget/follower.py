"""Following something that runs, from a timer, so that the window stays alive."""

from __future__ import annotations

from collections.abc import Callable

import qt

MILLISECONDS = 50


class Follower:
    """Polls until what is followed has ended. One thing at a time.

    Args:
        poll: looks for news; whether it still runs.
        ended: called once, after the last poll.
        failed: called instead of ``ended`` where ``poll`` raised.
    """

    def __init__(
        self,
        poll: Callable[[], bool],
        ended: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._poll, self._ended, self._failed = poll, ended, failed
        self._timer = qt.QTimer()
        self._timer.setInterval(MILLISECONDS)
        self._timer.connect("timeout()", self._tick)

    def start(self) -> None:
        """Follow from now on."""
        self._timer.start()

    def stop(self) -> None:
        """Follow no longer; neither ``ended`` nor ``failed`` will be called."""
        self._timer.stop()

    def _tick(self) -> None:
        try:
            if self._poll():
                return
        except Exception as error:  # a timer's slot has nobody above it who could tell the user
            self._timer.stop()
            self._failed(error)
            return
        self._timer.stop()
        self._ended()
