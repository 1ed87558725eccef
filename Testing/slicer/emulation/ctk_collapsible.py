"""Emulation of ``ctkCollapsibleButton``: a heading that hides and shows what is below."""

from __future__ import annotations

from typing import Any

from emulation.pythonqt import mannered, stand_in
from PySide6.QtCore import Property, QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QStyle, QStyleOptionButton, QWidget

HEADING = 24
_TALLEST = 16777215
_Widget: Any = mannered(QWidget)


@stand_in
class ctkCollapsibleButton(_Widget):
    """Collapsed, its children are hidden; those that were hidden before stay so afterwards."""

    contentsCollapsed = Signal(bool)
    clicked = Signal(bool)

    def __init__(self, text: Any = "", parent: Any = None) -> None:
        super().__init__(parent if isinstance(text, str) else text)
        self._text = text if isinstance(text, str) else ""
        self._collapsed = False
        self._kept_away: list[QWidget] = []
        self.setContentsMargins(0, HEADING, 0, 0)

    def _get_text(self) -> str:
        return self._text

    def setText(self, text: str) -> None:
        self._text = text
        self.update()

    text = Property(str, _get_text, setText)

    def _get_collapsed(self) -> bool:
        return self._collapsed

    def setCollapsed(self, collapsed: bool) -> None:
        """Hide or show what is below the heading."""
        if collapsed == self._collapsed:
            return
        self._collapsed = collapsed
        if collapsed:
            self._hide_children()
        else:
            shown, self._kept_away = self._kept_away, []
            for child in shown:
                child.setVisible(True)
        self.setMaximumHeight(HEADING + 2 if collapsed else _TALLEST)
        self.contentsCollapsed.emit(collapsed)

    collapsed = Property(bool, _get_collapsed, setCollapsed)

    def _hide_children(self) -> None:
        for child in self.children():
            if isinstance(child, QWidget) and not QWidget.isHidden(child):
                self._kept_away.append(child)
                QWidget.setVisible(child, False)

    def childEvent(self, event: Any) -> None:
        if event.type() == QEvent.Type.ChildAdded:
            event.child().installEventFilter(self)
        super().childEvent(event)

    def eventFilter(self, child: QObject, event: QEvent) -> bool:
        """A child that is shown while the section is collapsed appears when it is opened."""
        if self.__dict__.get("_collapsed") and event.type() == QEvent.Type.ShowToParent:
            self._hide_children()
        return False

    def showEvent(self, event: Any) -> None:
        if self._collapsed:
            self._hide_children()
        super().showEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and event.position().y() <= HEADING:
            self.setCollapsed(not self._collapsed)
            self.clicked.emit(not self._collapsed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the heading as a flat button with a small triangle."""
        painter = QPainter(self)
        option = QStyleOptionButton()
        option.initFrom(self)
        option.rect = QRect(0, 0, QWidget.width(self), HEADING)
        style = QWidget.style(self)
        style.drawControl(QStyle.ControlElement.CE_PushButtonBevel, option, painter, self)
        sign = "▸" if self._collapsed else "▾"
        font = painter.font()
        font.setBold(True)
        painter.setFont(font)
        alignment = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(option.rect.adjusted(8, 0, -8, 0), alignment, f"{sign} {self._text}")
        painter.end()
