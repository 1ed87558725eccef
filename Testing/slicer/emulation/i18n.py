"""Emulation of ``slicer.i18n``: texts stay as they are."""

from __future__ import annotations


def tr(text: str) -> str:
    return text


def translate(context: str, text: str) -> str:
    return text


def getContext(sourceFile: str) -> str:
    return sourceFile
