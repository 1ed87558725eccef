"""Emulation of ``ctkSliderWidget``: a slider and a spin box that show the same decimal number."""

from __future__ import annotations

from typing import Any

from emulation.pythonqt import mannered, stand_in
from PySide6.QtCore import Property, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

STEPS = 1000
_Widget: Any = mannered(QWidget)


@stand_in
class ctkSliderWidget(_Widget):
    """The spin box keeps the value; it rounds to ``decimals`` and stays within the range."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    documented_signals = ("valueChanged(double)", "valueIsChanging(double)")

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._spin_box = QDoubleSpinBox()
        self._spin_box.setMaximum(100.0)  # ctkSliderWidget starts with 0 to 100
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setMaximum(STEPS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._slider)
        layout.addWidget(self._spin_box)
        self._spin_box.valueChanged.connect(self._spin_box_changed)
        self._slider.valueChanged.connect(self._slider_changed)

    def _spin_box_changed(self, value: float) -> None:
        self._place_slider()
        self.valueChanged.emit(value)

    def _slider_changed(self, step: int) -> None:
        low, high = self._spin_box.minimum(), self._spin_box.maximum()
        self._spin_box.setValue(low + (high - low) * step / STEPS)

    def _place_slider(self) -> None:
        low, high = self._spin_box.minimum(), self._spin_box.maximum()
        share = (self._spin_box.value() - low) / (high - low) if high > low else 0.0
        self._slider.blockSignals(True)
        self._slider.setValue(round(share * STEPS))
        self._slider.blockSignals(False)

    def slider(self) -> QSlider:
        return self._slider

    def spinBox(self) -> QDoubleSpinBox:
        return self._spin_box

    def _get_value(self) -> float:
        return float(self._spin_box.value())

    def setValue(self, value: float) -> None:
        self._spin_box.setValue(value)

    def _get_minimum(self) -> float:
        return float(self._spin_box.minimum())

    def setMinimum(self, value: float) -> None:
        self._spin_box.setMinimum(value)
        self._place_slider()

    def _get_maximum(self) -> float:
        return float(self._spin_box.maximum())

    def setMaximum(self, value: float) -> None:
        self._spin_box.setMaximum(value)
        self._place_slider()

    def setRange(self, minimum: float, maximum: float) -> None:
        self._spin_box.setRange(minimum, maximum)
        self._place_slider()

    def _get_decimals(self) -> int:
        return int(self._spin_box.decimals())

    def setDecimals(self, value: int) -> None:
        self._spin_box.setDecimals(value)

    def _get_step(self) -> float:
        return float(self._spin_box.singleStep())

    def setSingleStep(self, value: float) -> None:
        self._spin_box.setSingleStep(value)

    def _get_page(self) -> float:
        return float(self._slider.pageStep()) / STEPS

    def setPageStep(self, value: float) -> None:
        self._slider.setPageStep(max(1, round(value * STEPS)))

    def _get_suffix(self) -> str:
        return str(self._spin_box.suffix())

    def setSuffix(self, value: str) -> None:
        self._spin_box.setSuffix(value)

    decimals = Property(int, _get_decimals, setDecimals)
    minimum = Property(float, _get_minimum, setMinimum)
    maximum = Property(float, _get_maximum, setMaximum)
    singleStep = Property(float, _get_step, setSingleStep)
    pageStep = Property(float, _get_page, setPageStep)
    suffix = Property(str, _get_suffix, setSuffix)
    value = Property(float, _get_value, setValue)
