"""Emulation of Slicer's module ``ctk``: the widgets of it that modules here use."""

from __future__ import annotations

from emulation.ctk_collapsible import ctkCollapsibleButton
from emulation.ctk_slider import ctkSliderWidget
from emulation.dialogs import MessageBox as ctkMessageBox

__all__ = ["ctkCollapsibleButton", "ctkMessageBox", "ctkSliderWidget"]
