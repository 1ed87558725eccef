"""Emulation of ``slicer.parameterNodeWrapper`` for the types str, bool, int, float and MRML nodes.

Real: the node that keeps the values, so they survive saving. As in Slicer: a value is written with its
default when the wrapper is made; it is kept in the wrapper and read anew whenever the node is modified;
bad values raise ``ValueError``; ``connectGui`` ties widgets with the property ``SlicerParameterName``.
"""

from __future__ import annotations

import logging
import typing
import weakref
from typing import Annotated, Any

import slicer
from emulation.parameter_checks import Choice, Default, Maximum, Minimum, NotNone, Validator, WithinRange
from vtkmodules.vtkCommonCore import vtkCommand

__all__ = [
    "Choice",
    "Default",
    "Maximum",
    "Minimum",
    "NotNone",
    "Validator",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]

_PLAIN_DEFAULTS: dict[type, Any] = {str: "", bool: False, int: 0, float: 0.0}


class _Parameter:
    """How one attribute is stored in the node."""

    def __init__(self, name: str, hint: Any, default: Any) -> None:
        self.name, self.unalteredType = name, hint
        self.type, self.annotations = _split(hint)
        self.optional = type(None) in typing.get_args(self.type)
        if self.optional:
            self.type = next(kind for kind in typing.get_args(self.type) if kind is not type(None))
        self.is_node = isinstance(self.type, type) and issubclass(self.type, slicer.vtkMRMLNode)
        if not self.is_node and self.type not in _PLAIN_DEFAULTS:
            raise TypeError(f"The emulation of Slicer stores no {self.type} ({name}).")
        self.validators = [entry for entry in self.annotations if isinstance(entry, Validator)]
        stated = next((entry.value for entry in self.annotations if isinstance(entry, Default)), default)
        self.default = stated if stated is not None or self.is_node else _PLAIN_DEFAULTS[self.type]

    def check(self, value: Any) -> None:
        """Raise ValueError for a value that must not be stored."""
        kinds = (int, float) if self.type is float else (self.type,)
        if value is None and not self.is_node and not self.optional:
            raise ValueError(f"{self.name}: value is None")
        if value is not None and not isinstance(value, kinds):
            raise ValueError(f"{self.name}: {value!r} is no {self.type.__name__}")
        for validator in self.validators:
            validator.validate(value)

    def write(self, node: Any, value: Any) -> None:
        self.check(value)
        if self.is_node:
            node.SetParameter(self.name, "")
            node.SetNodeReferenceID(self.name, value.GetID() if value is not None else None)
        else:
            node.SetParameter(self.name, "" if value is None else str(value))

    def read(self, node: Any) -> Any:
        if not node.HasParameter(self.name):
            self.write(node, self.default)
        if self.is_node:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.optional and text == "" and self.type is not str:
            return None
        return text == "True" if self.type is bool else self.type(text)


class _Cached:
    """A value, read anew when the node is modified from elsewhere."""

    def __init__(self, parameter: _Parameter, node: Any) -> None:
        self.parameter, self._node = parameter, node
        self._writing = False
        if not node.HasParameter(parameter.name):
            parameter.write(node, parameter.default)
        self.value = parameter.read(node)
        myself = weakref.ref(self)

        def modified(caller: Any, event: str) -> None:
            if (cached := myself()) is not None and not cached._writing:
                cached.value = cached.parameter.read(cached._node)

        self._tag = node.AddObserver(vtkCommand.ModifiedEvent, modified)

    def __del__(self) -> None:
        self._node.RemoveObserver(self._tag)

    def write(self, value: Any) -> None:
        self._writing = True
        try:
            with slicer.util.NodeModify(self._node):
                self.parameter.write(self._node, value)
                self.value = self.parameter.read(self._node)
        finally:
            self._writing = False


class ConnectGui:
    """What ``connectGui`` does.

    Attributes:
        returns_tag: it does not before Slicer's pull request 8667, so widgets stay tied after
            ``disconnectGui``; modules must work with both.
    """

    returns_tag = False


class _Wrapper:
    """What every wrapped class can do."""

    allParameters: dict[str, _Parameter]

    def __init__(self, parameterNode: Any, prefix: str | None = None) -> None:
        self.parameterNode = parameterNode
        self._values = {name: _Cached(entry, parameterNode) for name, entry in self.allParameters.items()}
        self._guis: dict[int, dict[str, Any]] = {}
        self._gui_observers: dict[int, int] = {}
        self._next_tag = 0
        self._updating_gui = False

    def getValue(self, name: str) -> Any:
        return self._values[_known(self, name)].value

    def setValue(self, name: str, value: Any) -> None:
        self._values[_known(self, name)].write(value)

    def default(self, name: str) -> Default:
        return Default(self.allParameters[_known(self, name)].default)

    def isCached(self, name: str) -> bool:
        return _known(self, name) in self.allParameters

    @classmethod
    def dataType(cls, name: str) -> Any:
        return cls.allParameters[_known(cls, name)].unalteredType

    def connectGui(self, gui: Any) -> int | None:
        """Tie the widgets of a window to their parameters.

        Returns:
            A tag for ``disconnectGui``, or None as in Slicer 5.10: see ``ConnectGui``.
        """
        if getattr(gui, "isWidgetType", lambda: False)():
            import qt

            widgets = gui.findChildren(qt.QWidget)
        else:
            widgets = list(vars(gui).values())
        named = [(widget.property("SlicerParameterName"), widget) for widget in widgets]
        tag = self.connectParametersToGui({name: widget for name, widget in named if name})
        return tag if ConnectGui.returns_tag else None

    def connectParametersToGui(self, mapping: dict[str, Any]) -> int:
        """Tie widgets to parameters by name.

        Returns:
            A tag for ``disconnectGui``.
        """
        from emulation.gui_connectors import connector_for

        connectors = {
            name: connector_for(widget, self.allParameters[_known(self, name)])
            for name, widget in mapping.items()
        }
        tag, self._next_tag = self._next_tag, self._next_tag + 1
        self._guis[tag] = connectors
        for name, connector in connectors.items():
            connector.write(self.getValue(name))
            connector.on_changed(self._gui_changed(name, connector))
        self._gui_observers[tag] = self.AddObserver(
            vtkCommand.ModifiedEvent, lambda caller, event: self._update_guis()
        )
        return tag

    def disconnectGui(self, guiTag: int | None) -> None:
        for connector in self._guis.pop(guiTag, {}).values():  # type: ignore[arg-type]
            connector.on_changed(None)
        if guiTag in self._gui_observers:
            self.RemoveObserver(self._gui_observers.pop(guiTag))

    def _gui_changed(self, name: str, connector: Any) -> Any:
        def changed() -> None:
            if not self._updating_gui:
                with slicer.util.NodeModify(self):
                    self.setValue(name, connector.read())

        return changed

    def _update_guis(self) -> None:
        if self._updating_gui:
            return
        self._updating_gui = True
        try:
            with slicer.util.NodeModify(self):
                for connectors in self._guis.values():
                    for name, connector in connectors.items():
                        connector.write(self.getValue(name))
        finally:
            self._updating_gui = False

    def StartModify(self) -> Any:
        return self.parameterNode.StartModify()

    def EndModify(self, wasModified: Any) -> Any:
        return self.parameterNode.EndModify(wasModified)

    def AddObserver(self, event: Any, callback: Any, priority: float = 0.0) -> int:
        return int(self.parameterNode.AddObserver(event, callback, priority))

    def RemoveObserver(self, tag: int) -> None:
        self.parameterNode.RemoveObserver(tag)

    def HasObserver(self, *arguments: Any) -> Any:
        return self.parameterNode.HasObserver(*arguments)

    def Modified(self) -> None:
        self.parameterNode.Modified()


def parameterNodeWrapper(classtype: type | None = None) -> Any:
    """Class decorator: annotated attributes become parameters in a scene's node."""
    if classtype is None:
        return parameterNodeWrapper
    hints = typing.get_type_hints(classtype, include_extras=True)
    parameters = {
        name: _Parameter(name, hint, getattr(classtype, name, None)) for name, hint in hints.items()
    }
    for name in parameters:
        if hasattr(_Wrapper, name):
            raise ValueError(f"Cannot use reserved name '{name}' in a parameterNodeWrapper")
    body = {key: value for key, value in vars(classtype).items() if key not in ("__dict__", "__weakref__")}
    body.update({name: _property(name) for name in parameters})
    return type(classtype.__name__, (_Wrapper,), {**body, "allParameters": parameters})


def isParameterNodeWrapper(classOrObj: Any) -> bool:
    return isinstance(classOrObj, _Wrapper) or (
        isinstance(classOrObj, type) and issubclass(classOrObj, _Wrapper)
    )


def _property(name: str) -> property:
    return property(lambda self: self.getValue(name), lambda self, value: self.setValue(name, value))


def _split(hint: Any) -> tuple[Any, list[Any]]:
    if typing.get_origin(hint) is not Annotated:
        return hint, []
    kind, *annotations = typing.get_args(hint)
    for entry in annotations:
        if not isinstance(entry, Validator | Default):
            logging.warning(f"Unused annotations: [{entry}]")
    return kind, annotations


def _known(wrapper: Any, name: str) -> str:
    if name not in wrapper.allParameters:
        raise ValueError(f"Cannot find a param with the given name: {name}")
    return name
