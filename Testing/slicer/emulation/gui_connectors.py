"""Emulation of what ties a widget to a parameter: the same pairs of widget and type as in Slicer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ctk
import qt
import slicer
from emulation.parameter_checks import Choice, Maximum, Minimum, WithinRange


class Connector:
    """One widget and its parameter.

    Args:
        widget: what the user changes.
        signal: name of the widget's signal.
        read: the widget's value.
        write: gives the widget a value.
    """

    def __init__(
        self, widget: Any, signal: str, read: Callable[[], Any], write: Callable[[Any], None]
    ) -> None:
        self.widget, self.read, self.write = widget, read, write
        self._signal = getattr(widget, signal)
        self._callback: Callable[[], None] | None = None

    def on_changed(self, callback: Callable[[], None] | None) -> None:
        """Call this whenever the widget changes; None to stop."""
        if self._callback is not None:
            self._signal.disconnect(self._changed)
        self._callback = callback
        if callback is not None:
            self._signal.connect(self._changed)

    def _changed(self, *arguments: Any) -> None:
        if self._callback is not None:
            self._callback()


def connector_for(widget: Any, parameter: Any) -> Connector:
    """The connector of a widget for a parameter's type.

    Raises:
        RuntimeError: Slicer would have none either.
    """
    kind, wanted = type(widget), parameter.type
    if kind is qt.QCheckBox and wanted is bool:
        return _attribute(widget, "stateChanged", "checked")
    if kind is qt.QPushButton and wanted is bool:
        widget.checkable = True
        return _attribute(widget, "toggled", "checked")
    if kind is qt.QLineEdit and wanted is str:
        return _attribute(widget, "textChanged", "text")
    if kind in (qt.QSpinBox, qt.QSlider) and wanted is int:
        return _number(widget, parameter, -(2**31), 2**31 - 1)
    if kind is qt.QDoubleSpinBox and wanted is float:
        return _number(widget, parameter, float("-inf"), float("inf"))
    if kind is ctk.ctkSliderWidget and wanted is float:
        return _number(widget, parameter, None, None)
    if kind is qt.QComboBox and wanted in (int, float, str, bool):
        return _choice(widget, parameter)
    if kind is slicer.qMRMLNodeComboBox and parameter.is_node:
        widget.nodeTypes = [wanted.__name__]
        return Connector(widget, "currentNodeChanged", widget.currentNode, widget.setCurrentNode)
    raise RuntimeError(f"Unable to create GUI connector from datatype '{wanted}' to widget type '{kind}'")


def _attribute(widget: Any, signal: str, name: str) -> Connector:
    return Connector(
        widget, signal, lambda: getattr(widget, name), lambda value: setattr(widget, name, value)
    )


def _number(widget: Any, parameter: Any, lowest: float | None, highest: float | None) -> Connector:
    for entry in parameter.validators:
        lowest = entry.minimum if isinstance(entry, WithinRange | Minimum) else lowest
        highest = entry.maximum if isinstance(entry, WithinRange | Maximum) else highest
    if lowest is None or highest is None:
        raise RuntimeError("Cannot have a connection to ctkSliderWidget where the float types is unbounded.")
    widget.minimum, widget.maximum = lowest, highest
    return _attribute(widget, "valueChanged", "value")


def _choice(widget: Any, parameter: Any) -> Connector:
    choices = next((entry.choices for entry in parameter.validators if isinstance(entry, Choice)), None)
    if choices is None:
        raise RuntimeError("ComboBoxToStringableConnector requires the Choice annotation to be used.")
    widget.clear()
    for choice in choices:
        widget.addItem(str(choice))

    def write(value: Any) -> None:
        widget.currentIndex = list(choices).index(value)

    return Connector(widget, "currentIndexChanged", lambda: choices[widget.currentIndex], write)
