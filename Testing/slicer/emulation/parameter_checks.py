"""Emulation of the annotations of ``slicer.parameterNodeWrapper``: defaults, and what values may be."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Default:
    """The value before one was chosen."""

    value: Any


class Validator(ABC):
    """Raises ValueError for values that must not be stored."""

    @abstractmethod
    def validate(self, value: Any) -> None:
        """Look at a value."""


class NotNone(Validator):
    """Refuses None."""

    def validate(self, value: Any) -> None:
        if value is None:
            raise ValueError("Value must not be None")


@dataclass(frozen=True)
class Minimum(Validator):
    """Refuses what is smaller."""

    minimum: float

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"Value must be greater than or equal to {self.minimum}, got {value}")


@dataclass(frozen=True)
class Maximum(Validator):
    """Refuses what is larger."""

    maximum: float

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"Value must be less than or equal to {self.maximum}, got {value}")


@dataclass(frozen=True)
class WithinRange(Validator):
    """Refuses what lies outside."""

    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], got {value}")


@dataclass(frozen=True)
class Choice(Validator):
    """Refuses what is not among the choices."""

    choices: tuple[Any, ...]

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"Value must be one of {list(self.choices)}, got {value!r}")
