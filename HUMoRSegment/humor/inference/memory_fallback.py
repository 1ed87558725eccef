"""A case in the memory that there is: the largest window that fits, and what is given up when none does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

from ..errors import DeviceError
from ..memory.shortage import shortage_sentences
from ..warnings import RunWarning, warn
from .backend import OutOfMemory, Strategy, Window
from .windows import Triple

Result = TypeVar("Result")

SMALLER: tuple[Triple, ...] = ((128, 128, 128), (96, 96, 96))
"""What is tried below the training window."""
COST = {(128, 128, 128): 6, (96, 96, 96): 25}
"""Points of Dice of the tumour core, in the mean of seven patients; ``make bench-windows`` measures them."""

# Peak bytes beyond the process at rest, measured on a CPU and rounded up. For the pyramid student in OpenVINO
# (bf16) those of the compiled network, and 81 per voxel of a window; in torch 529 for the teacher (fp32;
# bf16 339).
FIXED_BYTES = {"openvino": 120_000_000, "torch": 0}
BYTES_PER_VOXEL = {"openvino": 85, "torch": 700}
BYTES_PER_CUT_VOXEL = 28  # of a window that is not all: a copy of its image, and its probabilities
BYTES_PER_STITCHED_VOXEL = 16  # of the brain: sums of windows' probabilities and weights
SHARE = 0.7
"""Share of the free memory that a run may take."""


def windows_below(shape: Triple, training: Triple) -> list[Triple]:
    """The windows that are tried instead of the whole brain, from large to small.

    Args:
        shape: of the brain's box in voxels; a window that holds all of it is no smaller than that.
        training: the window that the model was trained on.
    """
    offers = [training, *(window for window in SMALLER if prod(window) < prod(training))]
    return [window for window in offers if any(w < s for w, s in zip(window, shape, strict=True))]


def bytes_needed(shape: Triple, window: Window, library: str) -> int:
    """Bytes that a run takes beyond the process at rest.

    Args:
        shape: of the brain's box in voxels.
        window: which the network sees at a time.
        library: that runs the network, ``openvino`` or ``torch``.
    """
    fixed, each = FIXED_BYTES[library], BYTES_PER_VOXEL[library]
    if window is None:
        return fixed + prod(shape) * each
    seen = prod(min(w, s) for w, s in zip(window, shape, strict=True))
    return fixed + seen * (each + BYTES_PER_CUT_VOXEL) + prod(shape) * BYTES_PER_STITCHED_VOXEL


def largest_window(shape: Triple, smaller: Sequence[Triple], library: str, free: int) -> Window:
    """The whole brain, or the first of the smaller windows that fits in its share of ``free`` bytes.

    The last one is tried even where it does not seem to fit.
    """
    offers: list[Window] = [None, *smaller]
    fitting = (window for window in offers if bytes_needed(shape, window, library) <= SHARE * free)
    return next(fitting, offers[-1])


def small_window_warning(
    window: Window, shape: Triple, training: Triple, code: str, values: Mapping[str, float | None]
) -> list[RunWarning]:
    """What a window costs; nothing where it is no smaller than those of the training.

    Args:
        window: that the result was made with.
        shape: of the brain's box in voxels.
        training: the window that the model was trained on.
        code: why it was not larger: of one of the warnings ``small_windows_...``.
        values: of that warning, but for the window and the points that it costs.
    """
    if window is None or all(w >= min(t, s) for w, t, s in zip(window, training, shape, strict=True)):
        return []
    return [warn(code, **values, window=window, points=COST.get(window))]


@dataclass(frozen=True)
class Fallback:
    """One step of the memory fallback: how to run, and what it gives up compared with the step before."""

    strategy: Strategy
    gives_up: RunWarning | None = None


def fallbacks(first: Strategy, windows: Sequence[Triple], device: str) -> Iterator[Fallback]:
    """The steps of a device, from what was wanted down to what fits almost anywhere.

    Windows instead of the whole brain, one window at a time, stitching in main memory, the CPU, and in
    the end ever smaller windows. Steps that change nothing are left out.

    Args:
        first: what was wanted.
        windows: what to try instead of the whole brain, from large to small.
        device: kind of device, e.g. ``cuda``.
    """
    yield Fallback(first)
    strategy = first
    offers = [_smaller(window, "memory_windows") for window in windows[:1]]
    offers.append((warn("memory_one_window"), lambda s: replace(s, batch=1)))
    if device != "cpu":
        offers += [
            (warn("memory_stitching"), lambda s: replace(s, stitch_on_cpu=True)),
            (warn("memory_cpu"), lambda s: replace(s, on_cpu=True)),
        ]
    offers += [_smaller(window, "memory_smaller_windows") for window in windows[1:]]
    for gives_up, change in offers:
        changed = change(strategy)
        if changed != strategy:
            strategy = changed
            yield Fallback(strategy, gives_up)


def _smaller(window: Triple, code: str) -> tuple[RunWarning, Callable[[Strategy], Strategy]]:
    """An offer of windows; where they are smaller already nothing changes."""

    def change(strategy: Strategy) -> Strategy:
        fits = strategy.window is None or prod(window) < prod(strategy.window)
        return replace(strategy, window=window) if fits else strategy

    return warn(code, window=window), change


def first_that_fits(
    steps: Iterator[Fallback], attempt: Callable[[Strategy], Result], tell: Callable[[RunWarning], None]
) -> tuple[Result, Strategy, list[RunWarning]]:
    """Try step after step until one fits.

    Args:
        steps: as from ``fallbacks``.
        attempt: runs with a strategy; raises ``OutOfMemory`` if it does not fit.
        tell: gets a warning each time something is given up.

    Returns:
        What the attempt that fitted returned, its strategy, and all that was given up.

    Raises:
        DeviceError: not even the last step fitted.
    """
    given_up: list[RunWarning] = []
    for step in steps:
        if step.gives_up is not None:
            given_up.append(step.gives_up)
            tell(step.gives_up)
        try:
            return attempt(step.strategy), step.strategy, given_up
        except OutOfMemory:
            continue
    raise DeviceError(shortage_sentences("Memory ran out even with the smallest windows on the CPU"))
