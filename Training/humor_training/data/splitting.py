"""Splits by patient, stratified by tumour size and enhancing tumour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from humor.errors import UsageError
from humor.regions import ET

from .packing import LabelledCase

Split = tuple[list[LabelledCase], list[LabelledCase]]


def folds(cases: Sequence[LabelledCase], k: int, seed: int) -> list[Split]:
    """``k`` pairs (learning, held out); each case is held out once.

    Raises:
        UsageError: fewer cases than folds.
    """
    if not 2 <= k <= len(cases):
        raise UsageError(f"{k} folds need at least {max(k, 2)} cases, and at least two folds.")
    rng = np.random.default_rng(seed)
    order = sorted(
        range(len(cases)),
        key=lambda i: (bool((cases[i].labels == ET).any()), int((cases[i].labels > 0).sum()), cases[i].name),
    )
    fold_of = np.empty(len(cases), int)
    for start in range(0, len(order), k):
        group = order[start : start + k]
        fold_of[group] = rng.permutation(k)[: len(group)]
    return [
        (
            [case for case, fold in zip(cases, fold_of, strict=True) if fold != chosen],
            [case for case, fold in zip(cases, fold_of, strict=True) if fold == chosen],
        )
        for chosen in range(k)
    ]


def split(cases: Sequence[LabelledCase], held_out: int, seed: int) -> Split:
    """A split with ``held_out`` cases held out."""
    if held_out == 0:
        return list(cases), []
    order = np.random.default_rng(seed).permutation(len(cases))
    held = set(order[:held_out].tolist())
    return (
        [case for index, case in enumerate(cases) if index not in held],
        [case for index, case in enumerate(cases) if index in held],
    )


def split_by_names(cases: Sequence[LabelledCase], names: Sequence[str]) -> Split:
    """The named cases held out.

    Raises:
        UsageError: a name is unknown.
    """
    known = {case.name for case in cases}
    if unknown := sorted(set(names) - known):
        raise UsageError(f"--hold: no case is called {', '.join(unknown)}.")
    return [c for c in cases if c.name not in names], [c for c in cases if c.name in names]
