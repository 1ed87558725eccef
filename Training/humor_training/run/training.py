"""The state of a training: network, average, optimiser, step; all that a checkpoint holds."""

from __future__ import annotations

import copy
import warnings
from pathlib import Path
from typing import Any

import torch
from lightning.fabric import Fabric
from torch import nn

from humor.errors import InputError
from humor.networks.experts import Gate

from ..baselines import build_any
from ..checkpoints.run_folder import read_checkpoint, write_whole
from ..losses.objective import Batch, Objective
from ..recipe import Recipe
from .batches import Batches
from .optimisation import checkpoint_blocks, learning_rate, update_ema
from .processes import any_process

Losses = dict[str, float]

MOST_LEFT_OUT = 20
"""Steps without a finite gradient, one after the other, at which something is broken and not only unlucky."""


STATE = ("network", "average", "optimiser", "step", "seconds", "best")
"""What a checkpoint holds."""


class Training:
    """What moves during a training.

    Args:
        recipe: the numbers.
        fabric: devices and processes.
        teacher: a network to follow, or None.
        start: weights to begin with (of the same architecture), or None for fresh ones.

    Attributes:
        step: steps done.
        seconds: spent so far, over all sittings.
        best: the best mean Dice on the held-out cases so far.
    """

    def __init__(
        self,
        recipe: Recipe,
        fabric: Fabric,
        teacher: nn.Module | None = None,
        start: dict[str, torch.Tensor] | None = None,
    ) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.fabric = recipe, fabric
        self.step, self.seconds, self.best = 0, 0.0, -1.0
        self.network = build_any(recipe.network)
        if start is not None:
            self.network.load_state_dict(start)
        self.network.to(fabric.device)
        self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.ema = copy.deepcopy(self.network).requires_grad_(False).eval()
        if recipe.gradient_checkpointing:
            checkpoint_blocks(self.network)
        if teacher is not None:
            teacher.to(fabric.device)
        self.objective = Objective(self.network, recipe, teacher)
        optimiser = torch.optim.AdamW(
            _groups(self.network, recipe),
            recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            foreach=True,
        )
        self.network.requires_grad_(True)  # DDP shares only what could learn when it was wrapped
        self._wrapped, self.optimiser = fabric.setup(self.objective, optimiser)
        self._phase = ""
        self._left_out = 0

    def one_step(self, batches: Batches) -> Losses:
        """Move the weights once; the losses are the mean over accumulated batches.

        Raises:
            InputError: ``MOST_LEFT_OUT`` steps in a row had no finite gradient, or a process, this one or
                another, cannot make its batch.
        """
        recipe = self.recipe
        self._enter_phase()
        self.network.train()
        # Without a share of their own the gates are in the first group.
        for group, share in zip(self.optimiser.param_groups, (1.0, recipe.gate_share), strict=False):
            group["lr"] = share * learning_rate(recipe, self.step)
        self.optimiser.zero_grad(set_to_none=True)
        parts: list[dict[str, torch.Tensor]] = []
        for micro in range(recipe.accumulate):
            batch, last = self._next(batches), micro + 1 == recipe.accumulate
            with self.fabric.no_backward_sync(self._wrapped, enabled=not last):
                losses = self._wrapped(batch.image, batch.regions, batch.available, self.step)
                self.fabric.backward(losses["total"] / recipe.accumulate)
            parts.append({name: loss.detach() for name, loss in losses.items()})
        length = nn.utils.clip_grad_norm_(self.network.parameters(), recipe.clip)
        if torch.isfinite(length):
            self._left_out = 0
            self.optimiser.step()
            update_ema(self.ema, self.network, recipe.ema, self.step)
        else:  # one such step would make all weights NaN; low precision overflows now and then
            warnings.warn(f"Step {self.step + 1} was left out: its gradient is {length}.", stacklevel=2)
            self._left_out += 1
            if self._left_out == MOST_LEFT_OUT:
                raise InputError(
                    f"{MOST_LEFT_OUT} steps in a row, up to step {self.step + 1}, had no finite gradient. "
                    "Set compile: false or precision: fp32 in the recipe, or lower learning_rate, and call "
                    "again; the training goes on from its last checkpoint."
                )
        self.step += 1
        return {name: sum(float(part[name]) for part in parts) / len(parts) for name in parts[0]}

    def _next(self, batches: Batches) -> Batch:
        """This process's next batch; all processes stop where one has none."""
        batch: Batch | None = None
        problem: Exception | None = None
        try:
            batch = batches.next()
        except Exception as error:  # whatever it is: the others wait
            problem = error
        (stop,) = any_process(self.fabric, batch is None)
        if stop or batch is None:
            raise problem or InputError("Another process could not make its windows; it says why.")
        return batch

    def _enter_phase(self) -> None:
        phase = self.recipe.stage_at(self.step).phase
        if phase != self._phase:
            for network in (self.network, self.ema):
                network.enter_phase(phase)  # type: ignore[operator]
            self.ema.requires_grad_(False)
            self._phase = phase

    def save(self, path: Path) -> None:
        """Write a checkpoint; a killed save leaves the previous one."""
        state = {
            "network": self.network.state_dict(),
            "average": self.ema.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
        }
        write_whole(state, path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: it cannot be read, or is of another network.
        """
        state = read_checkpoint(path, STATE, self.fabric.device)
        try:
            self.network.load_state_dict(state["network"])
            self.ema.load_state_dict(state["average"])
            if state["optimiser"] is not None:  # it travelled without: Adam's moments begin anew
                self.optimiser.load_state_dict(state["optimiser"])
        except (KeyError, RuntimeError, ValueError) as problem:
            raise InputError(
                f"{path}: this checkpoint is of another network than the recipe's ({problem}). "
                "Give another --run folder, or the recipe that the checkpoint was made with."
            ) from problem
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]


def _groups(network: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """All parameters; those of gates in a second group, if they have a learning rate of their own."""
    of_gates = {
        id(parameter)
        for module in network.modules()
        if isinstance(module, Gate)
        for parameter in module.parameters()
    }
    gates = [parameter for parameter in network.parameters() if id(parameter) in of_gates]
    others = [parameter for parameter in network.parameters() if id(parameter) not in of_gates]
    if not gates or recipe.gate_share == 1.0:
        return [{"params": list(network.parameters())}]
    return [{"params": others}, {"params": gates}]
