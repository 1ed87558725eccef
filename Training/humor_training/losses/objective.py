"""Everything a training minimises, as one module: the form in which processes share its gradient."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from humor.networks.experts import world_size
from humor.networks.prediction import GateWeights, Prediction

from ..recipe import Recipe, Stage
from .auxiliary import (
    expert_overlap,
    gate_divergence,
    gate_entropy,
    monotonicity_loss,
    sequences_in,
    soft_target_loss,
    superset,
)
from .segmentation import deep_dice_bce, dice_bce, own_experts_loss

LARGEST_ERROR = 0.2
"""Of a compiled gradient, relative: half precision is off by 0.04 to 0.1, wrong ones were by 0.3 to 1.8."""
MONOTONICITY_EVERY = 2
"""Only every second step pays for a second forward pass."""


@dataclass(frozen=True)
class Batch:
    """Attributes:
    image: ``[B, 4, D, H, W]``; it may hold sequences that are not available to the network.
    regions: ``[B, 3, D, H, W]``, 0 or 1.
    available: ``[B, 4]`` bool.
    """

    image: Tensor
    regions: Tensor
    available: Tensor


class Objective(nn.Module):
    """Network and losses together: ``objective(image, regions, available, step)`` gives name → scalar loss.

    Args:
        network: what is trained.
        recipe: the numbers.
        teacher: a frozen network to follow, or None.
    """

    def __init__(self, network: nn.Module, recipe: Recipe, teacher: nn.Module | None = None) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe
        # In a tuple, so that the teacher's weights are not among this module's.
        self._teacher: tuple[nn.Module, ...] = ()
        if teacher is not None:
            self._teacher = (teacher.eval().requires_grad_(False),)
        self._student = compiled(network) if recipe.compile else network.__call__
        self._compiled, self._checked = recipe.compile, set[torch.Size]()
        self.last_routing: list[GateWeights] = []

    def forward(self, image: Tensor, regions: Tensor, available: Tensor, step: int) -> dict[str, Tensor]:
        """Weighted losses by name; see ``Batch`` for shapes. ``segmentation`` is the unweighted one."""
        batch = Batch(image, regions, available)
        if self._compiled and torch.is_grad_enabled() and image.shape not in self._checked:
            self._checked.add(image.shape)
            self._check_compiled(batch, step)
        return self._terms(batch, step)

    def _check_compiled(self, batch: Batch, step: int) -> None:
        """Fall back to the network itself where the compiled one has another gradient; for each window size.

        On a processor with AMX, PyTorch 2.13 compiled right losses with wrong gradients: half of the
        student's layers learned noise, and nothing but slow progress showed it.
        """
        compiled_student, weights = self._student, [w for w in self.network.parameters() if w.requires_grad]
        gradients: list[list[Tensor]] = []
        for student in (compiled_student, self.network.__call__):
            self._student = student
            found = torch.autograd.grad(self._terms(batch, step)["total"], weights, allow_unused=True)
            both = zip(weights, found, strict=True)
            gradients.append([torch.zeros_like(weight) if grad is None else grad for weight, grad in both])
        made, right = gradients
        off, length = _norm([a - b for a, b in zip(made, right, strict=True)]), _norm(right)
        if off <= LARGEST_ERROR * length or not math.isfinite(length):
            self._student = compiled_student
            return
        self._compiled = False
        warnings.warn(
            f"Compiled here, the network has another gradient (off by {off / max(length, 1e-12):.0%}); it is "
            "trained as it is, and steps cost more.",
            stacklevel=2,
        )

    def _terms(self, batch: Batch, step: int) -> dict[str, Tensor]:
        image, regions, available = batch.image, batch.regions, batch.available
        stage = self.recipe.stage_at(step)
        prediction = self._predict(self._student, image, available)
        self.last_routing = prediction.routing
        segmentation = self._segmentation(prediction, batch, step)
        terms = self._auxiliary(prediction, regions, stage, step)
        if self._teacher:
            alpha = self.recipe.distillation.alpha
            terms["labels"] = (1.0 - alpha) * segmentation
            terms |= self._distillation(prediction, batch)
        else:
            terms["labels"] = segmentation
        weight = self.recipe.loss.monotonicity
        if weight and step % MONOTONICITY_EVERY == 0:
            terms["monotonicity"] = weight * self._monotonicity(segmentation, batch, step)
        total = torch.stack(list(terms.values())).sum()
        return {"total": total, "segmentation": segmentation, **terms}

    def _predict(self, network: Forward, image: Tensor, available: Tensor) -> Prediction:
        # channels_last is the layout that convolutions are fastest in.
        with torch.autocast(image.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return network(image.contiguous(memory_format=torch.channels_last_3d), available)

    def _segmentation(self, prediction: Prediction, batch: Batch, step: int) -> Tensor:
        weights = self.recipe.stage_at(step).region_weights()

        def loss(logits: Tensor, truth: Tensor) -> Tensor:
            return dice_bce(logits, truth, weights)

        if self.recipe.loss.own_experts and prediction.expert_logits:
            progress = self.recipe.mixing_progress(step)
            return own_experts_loss(prediction, batch.regions, loss, progress, batch.available)
        return loss(prediction.logits, batch.regions)

    def _auxiliary(
        self, prediction: Prediction, regions: Tensor, stage: Stage, step: int
    ) -> dict[str, Tensor]:
        weights, terms = self.recipe.loss, {}
        if weights.deep and prediction.deep:
            terms["deep"] = weights.deep * deep_dice_bce(prediction.deep, regions, stage.region_weights())
        if weights.balance and "balance" in prediction.auxiliary:
            # Annealed to nothing: in the end the gates may use experts as unevenly as helps.
            anneal = 1.0 - step / self.recipe.steps
            terms["balance"] = weights.balance * anneal * prediction.auxiliary["balance"]
        if weights.entropy and prediction.routing:
            terms["entropy"] = weights.entropy * gate_entropy(prediction.routing)
        if weights.overlap and (overlap := expert_overlap(self.network)) is not None:
            terms["overlap"] = weights.overlap * overlap
        return terms

    def _distillation(self, prediction: Prediction, batch: Batch) -> dict[str, Tensor]:
        numbers, teacher = self.recipe.distillation, self._teacher[0]
        seen = sequences_in(batch.image) if numbers.teacher_sees_all else batch.available
        gates = numbers.gates > 0 and bool(prediction.routing)
        with torch.no_grad():
            answer = self._predict(teacher, batch.image, seen)
            same = not gates or torch.equal(seen, batch.available)
            routing = answer.routing if same else self._route(teacher, batch)
        soft = soft_target_loss(prediction.logits, answer.logits, numbers.temperature)
        terms = {"soft_targets": numbers.alpha * soft}
        if gates:
            terms["gates"] = numbers.gates * gate_divergence(prediction.routing, routing)
        return terms

    def _route(self, teacher: nn.Module, batch: Batch) -> list[GateWeights]:
        """The teacher's gates on the student's subset; without its decoder's work where it can."""
        if not hasattr(teacher, "route"):
            return self._predict(teacher, batch.image, batch.available).routing
        with torch.autocast(batch.image.device.type, torch.bfloat16, enabled=self.recipe.precision == "bf16"):
            return teacher.route(batch.image, batch.available)  # type: ignore[operator]

    def _monotonicity(self, segmentation: Tensor, batch: Batch, step: int) -> Tensor:
        more = superset(batch.available, sequences_in(batch.image), step // MONOTONICITY_EVERY)
        # Other processes may have something to add, and Dice is summed over all of them.
        if world_size() == 1 and torch.equal(more, batch.available):
            return segmentation.new_zeros(())
        prediction = self._predict(self._student, batch.image, more)
        richer = self._segmentation(prediction, batch, step)
        return monotonicity_loss(richer, segmentation)


Forward = Callable[[Tensor, Tensor], Prediction]


def _norm(tensors: Sequence[Tensor]) -> float:
    return math.sqrt(sum(float(tensor.float().square().sum()) for tensor in tensors))


def compiled(network: nn.Module) -> Forward:
    """``network(image, available)`` through ``torch.compile``, once for every window size.

    It is a function, not a module: its weights are those of ``network``, and stand in no checkpoint twice.
    Compiling happens at the first call, and takes a minute. Where it fails (there is no C++ compiler, or the
    network does what cannot be compiled), a warning says so, and ``network`` itself is called from then on.
    """
    made: Forward = torch.compile(network, dynamic=False)
    # One graph, also where processes share gradients: cut at their buckets, as torch does to send early,
    # PyTorch 2.13 gives NaN gradients to the first layers on some processors.
    made = torch._dynamo.config.patch(optimize_ddp=False)(made)
    works = True

    def forward(image: Tensor, available: Tensor) -> Prediction:
        nonlocal works
        if works:
            try:
                return made(image, available)
            except (torch._dynamo.exc.TorchDynamoException, torch._inductor.exc.InductorError) as problem:
                works = False
                reason = str(problem).strip().splitlines()[0]
                warnings.warn(f"The network could not be compiled ({reason}); steps cost more.", stacklevel=2)
        return network(image, available)

    return forward
