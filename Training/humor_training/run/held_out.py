"""How the average does on the held-out cases while it is trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from humor.networks.unetr import PATCH
from humor.regions import REGION_KEYS, labels_to_regions
from humor.sequences import availability, subset_name

from ..data.packing import LabelledCase
from ..evaluation.dice import region_dice

Means = dict[str, dict[str, float]]


def segment(network: nn.Module, case: LabelledCase, names: Sequence[str], precision: str) -> np.ndarray:
    """Regions ``[3, D, H, W]`` bool of a whole case in one window, given the named sequences only."""
    device = next(network.parameters()).device
    flags = torch.tensor([availability(names)], device=device)
    image = torch.from_numpy(case.image)[None].to(device).float()
    depth, height, width = image.shape[2:]
    # Background is 0, so a case grows by zeros to the edges that the network can take.
    multiple = getattr(network, "multiple", PATCH)
    fill = [(-edge) % multiple for edge in (width, height, depth)]
    image = nn.functional.pad(image, [0, fill[0], 0, fill[1], 0, fill[2]])
    image = image.contiguous(memory_format=torch.channels_last_3d)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        logits = network(image, flags).logits[0, :, :depth, :height, :width]
    return (logits > 0).cpu().numpy()


def check(
    network: nn.Module, cases: Sequence[LabelledCase], subsets: Sequence[Sequence[str]], precision: str
) -> Means:
    """Subset → region → mean Dice over the cases that have these sequences and this region.

    Beside each mean stands the Dice of the worst case, as ``WT_worst``: a mean hides a patient who is lost.
    """
    means: Means = {}
    for names in subsets:
        scores: dict[str, list[float]] = {key: [] for key in REGION_KEYS}
        for case in cases:
            if (np.array(availability(names)) & ~np.asarray(case.available)).any():
                continue
            truth = labels_to_regions(case.labels)
            dice = region_dice(segment(network, case, names, precision), truth)
            for key, mask in zip(REGION_KEYS, truth, strict=True):
                if mask.any():
                    scores[key].append(dice[key])
        measured = {key: np.array(values or [np.nan]) for key, values in scores.items()}
        means[subset_name(names)] = {key: float(values.mean()) for key, values in measured.items()} | {
            worst(key): float(values.min()) for key, values in measured.items()
        }
    return means


def worst(key: str) -> str:
    """What the worst Dice of a region is called."""
    return f"{key}_worst"


def overall(means: Means) -> float:
    """The mean of all known figures: what ``best.pt`` is chosen by."""
    values = [row[key] for row in means.values() for key in REGION_KEYS]
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
