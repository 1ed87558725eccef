"""What runs in a Ray cluster; imported there, and here only to be sent."""

from __future__ import annotations

import os
from typing import Any

from .messages import Ended, Job
from .settings import Settings


class Actor:
    """What runs in the cluster: ``load`` once, then ``segment`` for each study."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = Settings.from_json(settings)
        self._segmenter: Any = None

    def node(self) -> str:
        """Which computer this is."""
        import ray

        return str(ray.get_runtime_context().get_node_id())

    def process(self) -> int:
        """The number of this process on its computer."""
        return os.getpid()

    def load(self, rank: int, threads: int) -> dict[str, str]:
        """Load the model.

        Args:
            rank: among the actors of this computer, from 0 on.
            threads: the number of processors to keep to; 0 for all.

        Returns:
            Nothing, or ``type`` and ``message`` of the error.
        """
        from ..errors import HumorError
        from .attempt import make_segmenter
        from .cpus import pin, usable_cpus

        mine = usable_cpus()[rank * threads : (rank + 1) * threads]
        if mine:
            pin(mine)
        try:
            self._segmenter = make_segmenter(self._settings)
        except HumorError as error:
            return {"type": type(error).__name__, "message": str(error)}
        return {}

    def segment(self, job: dict[str, Any]) -> tuple[Ended, bool]:
        """Segment one study; the answer, and whether this actor should not be used any more."""
        from ..events import Reporter
        from .attempt import attempt, broken

        ended = attempt(Job(**job), self._settings, self._segmenter, Reporter())
        return ended, broken(ended)
