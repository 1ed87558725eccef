"""Emulation of PythonQt's manners on PySide6 classes, as Slicer's modules use them.

Real: the widgets, layouts, timers and signals of Qt (version 6). Emulated: properties are attributes and
have setters too, ``connect("clicked(bool)", slot)``, ``name``, no new attributes on Qt objects.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType, MethodType
from typing import Any

from PySide6.QtCore import QMetaObject, QObject

_CALLED_BY_QT = {"sizeHint", "minimumSizeHint"}  # C++ looks for Python's version of these by name


class QtProperty:
    """A property of Qt as an attribute; on the class, what PySide6 has there."""

    def __init__(self, kind: type, name: str) -> None:
        title = name[0].upper() + name[1:]
        self._name = name
        self._raw = getattr(kind, name, None)
        self._get = self._raw if callable(self._raw) else getattr(kind, f"is{title}", None)
        self._set = getattr(kind, f"set{title}", None)

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self._raw
        if self._get is not None and not _takes_more(self._name):
            return self._get(instance)
        return QObject.property(instance, self._name)

    def __set__(self, instance: Any, value: Any) -> None:
        if self._set is not None:
            self._set(instance, value)
        elif not QObject.setProperty(instance, self._name, value):
            raise AttributeError(
                f"Property '{self._name}' of type '{type(instance).__name__}' is not writable"
            )


def _takes_more(name: str) -> bool:
    """Whether the method of a property's name is something else: ``QTimer.singleShot(0, slot)``."""
    return name == "singleShot"


class _Kind(type(QObject)):  # type: ignore[misc]
    """Class of the mannered classes: all of Qt's buttons are instances of ``qt.QWidget``."""

    def __instancecheck__(cls, instance: Any) -> bool:
        qt_class = cls.__dict__.get("_qt_class")
        return isinstance(instance, qt_class) if qt_class else super().__instancecheck__(instance)


class Manners:
    """What PythonQt adds to every Qt object."""

    def __init_subclass__(cls, **more: Any) -> None:
        """PySide6 looks for another ``connect`` in the class itself only, not in its bases."""
        super().__init_subclass__(**more)
        for name in ("connect", "disconnect"):
            if name not in cls.__dict__:
                setattr(cls, name, Manners.__dict__[name])

    @property
    def name(self: Any) -> str:
        return str(QObject.objectName(self))

    @name.setter
    def name(self: Any, value: str) -> None:
        QObject.setObjectName(self, value)

    def className(self: Any) -> str:
        kind = next(kind for kind in type(self).__mro__ if not kind.__dict__.get("_qt_class"))
        return str(kind.__name__)

    def connect(self: Any, signal: str, slot: Callable[..., Any]) -> bool:
        """Call the slot whenever the signal, e.g. ``clicked(bool)``, is emitted."""
        name, kinds = _signature(self, signal)
        connections = self.__dict__.setdefault("_connections", [])
        receiver = _receiver(slot, len(kinds))
        getattr(self, name).connect(receiver)
        connections.append((signal, slot, receiver))
        return True

    def disconnect(self: Any, signal: str, slot: Callable[..., Any]) -> bool:
        connections = self.__dict__.get("_connections", [])
        for entry in connections:
            if entry[:2] == (signal, slot):
                getattr(self, signal.partition("(")[0]).disconnect(entry[2])
                connections.remove(entry)
                return True
        return False

    def findChildren(self: Any, kind: Any = QObject, name: str | None = None) -> list[Any]:
        qt_class = kind.__dict__.get("_qt_class", kind)
        return list(QObject.findChildren(self, qt_class, *([] if name is None else [name])))

    def __getattr__(self: Any, name: str) -> Any:
        """Dynamic properties, too, are attributes."""
        if not name.startswith("_") and name in [bytes(key).decode() for key in self.dynamicPropertyNames()]:
            return QObject.property(self, name)
        raise AttributeError(f"{type(self).__name__} has no attribute named '{name}'")

    def __setattr__(self: Any, name: str, value: Any) -> None:
        """No new attributes, unless a Python class derives from Qt's: that is how typing errors show."""
        if name.startswith("_") or hasattr(type(self), name) or not type(self).__dict__.get("_qt_only"):
            super().__setattr__(name, value)
        elif name in [bytes(key).decode() for key in self.dynamicPropertyNames()]:
            QObject.setProperty(self, name, value)
        else:
            raise AttributeError(
                f"'{name}' does not exist on {type(self).__name__} and creating new attributes on C++ objects"
                " is not allowed"
            )


@cache
def mannered(kind: type) -> type:
    """A Qt class with PythonQt's manners.

    Args:
        kind: a PySide6 class derived from QObject.
    """
    meta: QMetaObject = kind.staticMetaObject  # type: ignore[attr-defined]
    names = {str(meta.property(index).name()) for index in range(meta.propertyCount())} - _CALLED_BY_QT
    body: dict[str, Any] = {name: QtProperty(kind, name) for name in names}
    if hasattr(kind, "exec"):
        body["exec_"] = kind.exec
    return _Kind(kind.__name__, (Manners, kind), {**body, "_qt_class": kind, "_qt_only": True})


def stand_in(kind: type) -> type:
    """Class decorator: a stand-in of a C++ class, which takes no new attributes either."""
    kind._qt_only = True  # type: ignore[attr-defined]
    return kind


def _signature(sender: Any, signal: str) -> tuple[str, list[str]]:
    """Name and argument types of a signal that the sender has, so that typing errors show."""
    name, _, rest = signal.partition("(")
    kinds = [kind for kind in rest.rstrip(")").replace(" ", "").split(",") if kind]
    meta = sender.metaObject()
    signatures = [str(meta.method(index).methodSignature(), "ascii") for index in range(meta.methodCount())]
    documented = getattr(type(sender), "documented_signals", ())
    known = signal.replace(" ", "") in (*signatures, *documented)
    if not known:
        raise ValueError(f"{type(sender).__name__} has no signal {signal}")
    return name, kinds


def _receiver(slot: Callable[..., Any], given: int) -> Callable[..., Any]:
    """Pass as many arguments as PythonQt would: as many as a Python function has, defaults included."""
    accepted = given
    function = slot.__func__ if isinstance(slot, MethodType) else slot
    if isinstance(function, FunctionType) and not function.__code__.co_flags & 0x04:
        bound = 1 if isinstance(slot, MethodType) else 0
        accepted = min(given, function.__code__.co_argcount - bound)

    def receive(*arguments: Any) -> None:
        slot(*arguments[:accepted])

    return receive
