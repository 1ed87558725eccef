"""Emulation of windows that wait for the user: tests give the answers before, and see what was asked.

::

    dialogs.answers.append(True)      # the next question is answered by yes
    ...
    assert "Replace it?" in dialogs.asked[-1]
"""

from __future__ import annotations

from typing import Any

from emulation.pythonqt import mannered
from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QMessageBox

answers: list[Any] = []
"""Answers to come, in order: True, False, a path or a text; "" for a dialog that is cancelled."""
asked: list[str] = []
"""Texts of all questions and messages so far."""
opened: list[str] = []
"""Addresses and files that were to be opened by another program."""

_MessageBox: Any = mannered(QMessageBox)
_YES = (QMessageBox.StandardButton.Yes, QMessageBox.StandardButton.Ok, QMessageBox.StandardButton.Retry)
_NO = (QMessageBox.StandardButton.No, QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Close)


def reset() -> None:
    """Forget everything."""
    for entries in (answers, asked, opened):
        entries.clear()


def _answer(question: str) -> Any:
    asked.append(question)
    if not answers:
        raise AssertionError(f"No answer was prepared for: {question}")
    return answers.pop(0)


class MessageBox(_MessageBox):
    """``ctk.ctkMessageBox``: a message with one button needs no answer."""

    def exec_(self) -> Any:
        buttons = self.standardButtons
        if not any(button in buttons for button in _NO):
            asked.append(self.text)
            return QMessageBox.StandardButton.Ok
        wanted = _YES if _answer(self.text) else _NO
        return next(button for button in wanted if button in buttons)


class FileDialog:
    """``qt.QFileDialog``: as PythonQt, a file's name alone is returned."""

    @staticmethod
    def getOpenFileName(parent: Any = None, caption: str = "", folder: str = "", filter: str = "") -> str:
        return str(_answer(caption))

    @staticmethod
    def getSaveFileName(parent: Any = None, caption: str = "", folder: str = "", filter: str = "") -> str:
        return str(_answer(caption))

    @staticmethod
    def getExistingDirectory(parent: Any = None, caption: str = "", folder: str = "") -> str:
        return str(_answer(caption))


class DesktopServices:
    """``qt.QDesktopServices``: opens nothing."""

    @staticmethod
    def openUrl(url: Any) -> bool:
        opened.append(QUrl(url).toString())
        return True
