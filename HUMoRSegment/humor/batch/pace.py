"""How far a batch is, how fast it goes, and how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Pace:
    """Counts studies that have ended, and the shares of those at work.

    Args:
        total: studies to be done.
        clock: seconds, monotonic; a parameter so that tests need not wait.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.ended = 0
        self._clock = clock
        self._begin = clock()
        self._at_work: dict[str, float] = {}

    def progressed(self, study: str, fraction: float) -> None:
        """A study at work is done to this share."""
        self._at_work[study] = fraction

    def stopped(self, study: str, for_good: bool) -> None:
        """An attempt ended; ``for_good`` if the study will not be tried again."""
        self._at_work.pop(study, None)
        self.ended += for_good

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return self._clock() - self._begin

    @property
    def fraction(self) -> float:
        """Share of the whole, 0 to 1."""
        return min(1.0, self._amount / self.total) if self.total else 1.0

    @property
    def seconds_left(self) -> float | None:
        """Estimate; None as long as nothing can be said."""
        if self.total and self._amount > 0:
            return self.seconds * max(0.0, self.total - self._amount) / self._amount
        return None

    @property
    def per_hour(self) -> float:
        """Studies that ended, per hour."""
        return 3600 * self.ended / self.seconds if self.seconds > 0 else 0.0

    @property
    def _amount(self) -> float:
        return self.ended + sum(self._at_work.values())
