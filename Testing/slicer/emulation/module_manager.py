"""Emulation of ``slicer.app.moduleManager()``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class ModuleManager:
    """Modules by name; signals of it are never emitted, as no module is unloaded."""

    def __init__(self) -> None:
        self._slots: list[tuple[str, Callable[..., Any]]] = []

    def module(self, name: str) -> Any | None:
        """A module; None where there is none."""
        import slicer

        return slicer.modules.named(name)

    def modulesNames(self) -> list[str]:
        import slicer

        return [module.name for module in vars(slicer.modules).values()]

    def loadedModuleNames(self) -> list[str]:
        return self.modulesNames()

    def factoryManager(self) -> ModuleManager:
        return self

    def connect(self, signal: str, slot: Callable[..., Any]) -> bool:
        self._slots.append((signal, slot))
        return True

    def disconnect(self, signal: str, slot: Callable[..., Any]) -> bool:
        if (signal, slot) not in self._slots:
            return False
        self._slots.remove((signal, slot))
        return True

    def emit(self, signal: str, *arguments: Any) -> None:
        """For tests: emit a signal."""
        for name, slot in list(self._slots):
            if name == signal:
                slot(*arguments)
