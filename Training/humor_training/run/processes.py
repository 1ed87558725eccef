"""Processes: what Fabric is told about devices, how they agree, and how they are told to stop."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType, TracebackType

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    TorchElasticEnvironment,
)

from humor.errors import UsageError


def make_fabric(device: str) -> Fabric:
    """Fabric on one device, or on those of all processes that ``torchrun`` has started.

    Precision stays at 32 bits for Fabric: autocast is entered by the objective itself, around the
    networks only.

    Args:
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        UsageError: there is no such device.
    """
    kind, _, number = device.partition(":")
    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind not in ("cpu", "cuda", "mps") or (number and not (kind == "cuda" and number.isdigit())):
        raise UsageError(f"--device {device}: give auto, cpu, cuda, cuda:N or mps.")
    if kind == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"--device {device}: this PyTorch sees no CUDA device. Use --device cpu.")
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    environment: ClusterEnvironment = (
        TorchElasticEnvironment() if TorchElasticEnvironment.detect() else LightningEnvironment()
    )
    fabric = Fabric(
        accelerator=kind,
        devices=[int(number)] if number else here,
        num_nodes=max(processes // here, 1),
        # Heads that a phase or a loss leaves out get no gradient: DDP must look which ones.
        strategy="ddp_find_unused_parameters_true" if processes > 1 else "auto",
        plugins=environment,
    )
    fabric.launch()
    return fabric


def any_process(fabric: Fabric, *flags: bool) -> tuple[bool, ...]:
    """Each flag, true where it is in any process: all must end after the same step, or some wait forever."""
    if fabric.world_size == 1:
        return flags
    shared = fabric.all_reduce(
        torch.tensor(flags, dtype=torch.float32, device=fabric.device), reduce_op="sum"
    )
    assert isinstance(shared, torch.Tensor)
    return tuple((shared > 0).tolist())


SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stopping:
    """While entered, SIGTERM and Ctrl-C set ``asked``; a second one acts as usual.

    Cluster schedulers send SIGTERM some seconds before they kill.

    Args:
        seconds: after which ``asked`` is set by itself, from now on; None: never.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._told = False
        self._end = None if seconds is None else time.monotonic() + seconds
        self._old: dict[int, object] = {}

    def __enter__(self) -> Stopping:
        # Python allows handlers in the main thread only.
        if threading.current_thread() is threading.main_thread():
            self._old = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    @property
    def asked(self) -> bool:
        """Whether to stop after this step."""
        return self._told or (self._end is not None and time.monotonic() >= self._end)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._told = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._old = {}
