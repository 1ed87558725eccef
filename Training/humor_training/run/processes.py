"""One process or many: what Fabric must be told about devices, and how processes agree."""

from __future__ import annotations

import os

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
