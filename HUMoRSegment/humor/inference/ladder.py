"""The memory ladder: what to give up, in which order, when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from ..errors import DeviceError
from .backend import OutOfMemory, Plan

Triple = tuple[int, int, int]
Result = TypeVar("Result")


@dataclass(frozen=True)
class Step:
    """One step: how to run, and what it gives up compared with the step before."""

    plan: Plan
    gives_up: str


def steps(first: Plan, windows: Triple, smallest: Triple, device: str) -> Iterator[Step]:
    """The steps of a device, from what was wanted down to what fits almost anywhere.

    Low precision, one window at a time, windows instead of the whole brain, stitching in main
    memory, the CPU, and in the end smaller windows. Steps that change nothing are left out.

    Args:
        first: what was wanted.
        windows: the bundle's training window.
        smallest: the smallest window that is tried.
        device: kind of device, e.g. ``cuda``.
    """
    yield Step(first, "")
    plan = first
    offers: list[tuple[str, Callable[[Plan], Plan]]] = [
        ("half precision instead of float32", lambda p: replace(p, low_precision=True)),
        (
            f"windows of {'×'.join(map(str, windows))} instead of the whole brain",
            lambda p: replace(p, window=p.window or windows),
        ),
        ("one window at a time", lambda p: replace(p, batch=1)),
    ]
    if device != "cpu":
        offers += [
            ("stitching in main memory", lambda p: replace(p, stitch_on_cpu=True)),
            ("the CPU instead of the GPU", lambda p: replace(p, on_cpu=True)),
        ]
    offers.append((f"small windows of {'×'.join(map(str, smallest))}", lambda p: replace(p, window=smallest)))
    for words, change in offers:
        changed = change(plan)
        if changed != plan:
            plan = changed
            yield Step(plan, words)


def climb_down(
    ladder: Iterator[Step], attempt: Callable[[Plan], Result], tell: Callable[[str], None]
) -> tuple[Result, list[str]]:
    """Try step after step until one fits.

    Args:
        ladder: the steps.
        attempt: runs with a plan; raises ``OutOfMemory`` if it does not fit.
        tell: gets a sentence each time something is given up.

    Returns:
        What the attempt that fitted returned, and all sentences.

    Raises:
        DeviceError: not even the last step fitted.
    """
    sentences: list[str] = []
    for step in ladder:
        if step.gives_up:
            sentences.append(f"Memory ran out; going on with {step.gives_up}.")
            tell(sentences[-1])
        try:
            return attempt(step.plan), sentences
        except OutOfMemory:
            continue
    raise DeviceError(
        "Memory ran out even with the smallest windows on the CPU. Close other programs, or use a "
        "computer with more memory (1 GB free is enough for the student)."
    )
