"""The memory ladder: what to give up, in which order, when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TypeVar

from ..errors import DeviceError
from ..memory.shortage import shortage_sentences
from .backend import OutOfMemory, Plan
from .window_choice import times
from .windows import Triple

Result = TypeVar("Result")


@dataclass(frozen=True)
class Step:
    """One step: how to run, and what it gives up compared with the step before."""

    plan: Plan
    gives_up: str


def steps(first: Plan, windows: Sequence[Triple], device: str) -> Iterator[Step]:
    """The steps of a device, from what was wanted down to what fits almost anywhere.

    Low precision, windows instead of the whole brain, one window at a time, stitching in main
    memory, the CPU, and in the end ever smaller windows. Steps that change nothing are left out.

    Args:
        first: what was wanted.
        windows: what to try instead of the whole brain, from large to small.
        device: kind of device, e.g. ``cuda``.
    """
    yield Step(first, "")
    plan = first
    offers: list[tuple[str, Callable[[Plan], Plan]]] = [
        ("half precision instead of float32", lambda p: replace(p, low_precision=True))
    ]
    offers += [_smaller(window, " instead of the whole brain") for window in windows[:1]]
    offers.append(("one window at a time", lambda p: replace(p, batch=1)))
    if device != "cpu":
        offers += [
            ("stitching in main memory", lambda p: replace(p, stitch_on_cpu=True)),
            ("the CPU instead of the GPU", lambda p: replace(p, on_cpu=True)),
        ]
    offers += [_smaller(window) for window in windows[1:]]
    for words, change in offers:
        changed = change(plan)
        if changed != plan:
            plan = changed
            yield Step(plan, words)


def _smaller(window: Triple, words: str = "") -> tuple[str, Callable[[Plan], Plan]]:
    """An offer of windows; where they are smaller already nothing changes."""

    def change(plan: Plan) -> Plan:
        fits = plan.window is None or prod(window) < prod(plan.window)
        return replace(plan, window=window) if fits else plan

    return f"windows of {times(window)} voxels{words}", change


def climb_down(
    ladder: Iterator[Step], attempt: Callable[[Plan], Result], tell: Callable[[str], None]
) -> tuple[Result, Plan, list[str]]:
    """Try step after step until one fits.

    Args:
        ladder: the steps.
        attempt: runs with a plan; raises ``OutOfMemory`` if it does not fit.
        tell: gets a sentence each time something is given up.

    Returns:
        What the attempt that fitted returned, its plan, and all sentences.

    Raises:
        DeviceError: not even the last step fitted.
    """
    sentences: list[str] = []
    for step in ladder:
        if step.gives_up:
            sentences.append(f"Memory ran out; going on with {step.gives_up}.")
            tell(sentences[-1])
        try:
            return attempt(step.plan), step.plan, sentences
        except OutOfMemory:
            continue
    raise DeviceError(shortage_sentences("Memory ran out even with the smallest windows on the CPU"))
