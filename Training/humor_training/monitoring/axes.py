"""From values to places on an axis, and which values to write beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LOG_FROM = 4.0
"""Ratio of the highest to the lowest value from which an axis is logarithmic."""


@dataclass(frozen=True)
class Axis:
    """A range of values.

    Attributes:
        low: the value at 0.
        high: the value at 1; above ``low``.
        log: whether equal ratios, not equal differences, are equally far apart.
    """

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """0 to 1 within the range, outside it accordingly."""
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values within the range, about ``wanted`` of them."""
        return _log_ticks(self, wanted) if self.log else _even_ticks(self.low, self.high, wanted)


def fit_axis(values: Sequence[np.ndarray], log: bool = False) -> Axis:
    """The range of all values with a small margin.

    Args:
        values: of several curves.
        log: logarithmic where it can be (all above 0) and helps (they span a factor of ``LOG_FROM``).
    """
    everything = np.concatenate([np.zeros(0), *values])
    if everything.size == 0:
        return Axis(0.0, 1.0)
    low, high = float(everything.min()), float(everything.max())
    if log and low > 0 and high / low >= LOG_FROM:
        margin = (high / low) ** 0.05
        return Axis(low / margin, high * margin, log=True)
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    # Values that cannot be negative get an axis that is not either.
    return Axis(max(low - margin, 0.0) if low >= 0 else low - margin, high + margin)


def label(value: float) -> str:
    """A value as people write it beside an axis: 20 k, 0.05, 1e−6."""
    if abs(value) >= 1e6:
        short = f"{value / 1e6:g} M"
    elif abs(value) >= 1000:
        short = f"{value / 1000:g} k"
    else:
        mantissa, _, exponent = f"{value:.4g}".partition("e")
        short = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return short.replace("-", "\N{MINUS SIGN}")


def _even_ticks(low: float, high: float, wanted: int) -> list[float]:
    rough = (high - low) / wanted
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Through text, because 3 × 0.1 is not 0.3.
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def _log_ticks(axis: Axis, wanted: int) -> list[float]:
    """Round parts of every power of ten, as fine as there is room for."""
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    for factors in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        found = [factor * 10.0**power for power in powers for factor in factors]
        inside = [float(f"{value:.3g}") for value in found if axis.low <= value <= axis.high]
        if len(inside) <= 1.3 * wanted:
            break
    return inside if len(inside) >= 2 else _even_ticks(axis.low, axis.high, wanted)
