"""Workers as actors of a Ray cluster, each with the model loaded; Ray is an optional package.

Every computer of the cluster needs HUMoR and the model, and must see inputs and output folder
under the same paths.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import DeviceError, UsageError
from .messages import Died, Ended, Job, Message, Ready, Settings, Unable

_STORE_BYTES = 100 * 2**20  # of a Ray that is started here: only file names and messages travel
_LONGEST_WAIT = 0.5  # seconds, so that Ctrl-C and workers that are started are not kept waiting


class RayExecutor:
    """An executor (see ``pool``) of Ray actors.

    Ray is started on this computer, or the cluster is joined that ``address`` or ``RAY_ADDRESS``
    names; a Ray that runs in this process already is used, and left running.

    Args:
        settings: of the batch; its device is ``auto``, ``cpu`` or ``cuda``.
        workers: how many actors; None for one per GPU, or one per computer without GPUs.
        address: of the cluster; empty for none.

    Raises:
        DeviceError: Ray is not installed, or the cluster cannot be joined or has no GPU.
        UsageError: the device cannot be had from Ray, or there are too many workers.
    """

    def __init__(self, settings: Settings, workers: int | None, address: str = "") -> None:
        device = settings.options.device
        if device not in ("auto", "cpu", "cuda"):
            raise UsageError(f"Ray gives each worker its device: use auto, cpu or cuda, not {device}.")
        if find_spec("ray") is None:
            raise DeviceError("--ray needs Ray, which is not installed here: pip install 'humor[ray]'")
        self._places: dict[str, list[_RayWorker]] = {}  # computer → its actors
        self._waiting: dict[Any, _RayWorker] = {}  # answer to come → who owes it
        self._started = _start(address)
        try:
            self._plan(settings, device, workers)
        except BaseException:
            self.close()
            raise

    def _plan(self, settings: Settings, device: str, workers: int | None) -> None:
        import ray

        resources = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        cpus = [int(found["CPU"]) for found in resources if found.get("CPU", 0) >= 1]
        gpus = int(sum(found.get("GPU", 0) for found in resources))
        if device == "cuda" and not gpus:
            raise DeviceError("No computer of the Ray cluster has a GPU. Use --device auto or cpu.")
        on_gpu = bool(gpus) and device != "cpu"
        self.size = workers or (gpus if on_gpu else len(cpus))
        if on_gpu and self.size > gpus:
            raise UsageError(f"{self.size} workers need a GPU each, and the Ray cluster has {gpus}.")
        self._threads = 0 if on_gpu else threads_each(cpus, self.size)
        if not on_gpu:
            settings = replace(settings, options=replace(settings.options, device="cpu"))
        self._settings = settings.to_json()
        self._actor = ray.remote(num_cpus=self._threads or 1, num_gpus=int(on_gpu))(Actor)

    def launch(self, number: int) -> _RayWorker:
        """Start an actor; it says ``Ready`` or ``Unable``."""
        worker = _RayWorker(self, self._actor.remote(self._settings))
        self._waiting[worker.actor.node.remote()] = worker
        return worker

    def wait(self, seconds: float) -> list[tuple[_RayWorker, Message]]:
        """What actors said; waits at most so long."""
        import ray

        if not self._waiting:
            return []
        said: list[tuple[_RayWorker, Message]] = []
        limit = min(seconds, _LONGEST_WAIT)
        ready, _ = ray.wait(list(self._waiting), num_returns=1, timeout=limit)
        for reference in ready:
            worker = self._waiting.pop(reference)
            try:
                said += self._heard(worker, ray.get(reference))
            except ray.exceptions.RayError as error:
                self._forget(worker)
                said.append((worker, Died(f"The Ray worker is gone: {_short(error)}")))
        return said

    def close(self) -> None:
        """End all actors, and Ray if it was started here."""
        import ray

        for worker in {*self._waiting.values(), *(p for group in self._places.values() for p in group)}:
            with suppress(Exception):  # it has gone, or the cluster has
                ray.kill(worker.actor)
        self._waiting.clear()
        self._places.clear()
        if self._started:
            ray.shutdown()

    def expect(self, worker: _RayWorker, reference: Any) -> None:
        """An actor was asked for something."""
        self._waiting[reference] = worker

    def processes(self) -> list[int]:
        """The numbers of all actors' processes, each on its own computer."""
        import ray

        places = [worker for group in self._places.values() for worker in group]
        return [int(ray.get(worker.actor.process.remote())) for worker in places]

    def _heard(self, worker: _RayWorker, answer: Any) -> Iterator[tuple[_RayWorker, Message]]:
        if worker.node is None:
            worker.node = answer
            self._load(worker)
        elif not worker.loaded:
            worker.loaded = not answer
            if answer:
                self._forget(worker)
            yield worker, Unable(**answer) if answer else Ready()
        else:
            ended, is_broken = answer
            yield worker, ended
            if is_broken:
                self._forget(worker)
                yield worker, Died("The Ray worker is replaced after an unexpected failure.")

    def _load(self, worker: _RayWorker) -> None:
        """Load the model, on processors that no other actor of that computer keeps to."""
        group = self._places.setdefault(str(worker.node), [])
        taken = {other.rank for other in group}
        worker.rank = next(rank for rank in range(len(group) + 1) if rank not in taken)
        group.append(worker)
        self.expect(worker, worker.actor.load.remote(worker.rank, self._threads))

    def _forget(self, worker: _RayWorker) -> None:
        import ray

        if worker.node is not None and worker in self._places.get(worker.node, []):
            self._places[worker.node].remove(worker)
        with suppress(Exception):  # it has gone
            ray.kill(worker.actor)


class _RayWorker:
    """One actor of an executor."""

    def __init__(self, executor: RayExecutor, actor: Any) -> None:
        self._executor = executor
        self.actor = actor
        self.node: str | None = None
        self.rank = 0
        self.loaded = False

    def submit(self, job: Job) -> None:
        """Give it a study."""
        self._executor.expect(self, self.actor.segment.remote(asdict(job)))

    def kill(self) -> None:
        """End it at once."""
        import ray

        ray.kill(self.actor)


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
        from .worker import load_segmenter, pin, usable_cpus

        mine = usable_cpus()[rank * threads : (rank + 1) * threads]
        if mine:
            pin(mine)
        try:
            self._segmenter = load_segmenter(self._settings)
        except HumorError as error:
            return {"type": type(error).__name__, "message": str(error)}
        return {}

    def segment(self, job: dict[str, Any]) -> tuple[Ended, bool]:
        """Segment one study; the answer, and whether this actor should not be used any more."""
        from ..events import Reporter
        from .worker import attempt, broken

        ended = attempt(Job(**job), self._settings, self._segmenter, Reporter())
        return ended, broken(ended)


def threads_each(cpus: Sequence[int], workers: int) -> int:
    """The most processors that each of so many workers can have, on computers with these numbers of them.

    Raises:
        UsageError: there are fewer processors than workers.
    """
    for each in range(max(cpus, default=0), 0, -1):
        if sum(count // each for count in cpus) >= workers:
            return each
    raise UsageError(f"{workers} workers need a processor each, and the Ray cluster has {sum(cpus)}.")


def _start(address: str) -> bool:
    """Start or join Ray; whether that was done here."""
    # Patients' computers tell nobody what runs on them.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    if ray.is_initialized():
        return False
    joins = bool(address or os.environ.get("RAY_ADDRESS"))
    chosen: dict[str, Any] = {"address": address or None} if joins else {"address": "local"}
    if not joins:
        engine = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(filter(None, [engine, os.environ.get("PYTHONPATH", "")]))
        chosen["runtime_env"] = {"env_vars": {"PYTHONPATH": paths}}
        chosen |= {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    try:
        with _signals_kept():
            ray.init(log_to_driver=False, logging_level="ERROR", **chosen)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the Ray cluster {address or os.environ['RAY_ADDRESS']}" if joins else "Ray on this computer"
        raise DeviceError(f"{where} cannot be reached or started: {_short(error)}") from error
    return True


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts its own handler for termination in place of ours, which ends the batch cleanly."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
