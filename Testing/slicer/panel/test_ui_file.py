"""The ``.ui`` file fits the code that uses it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

MODULE = Path(__file__).resolve().parents[3] / "HUMoRSegment"
UI = MODULE / "Resources" / "UI" / "HUMoRSegment.ui"
SOURCES = [*sorted((MODULE / "HUMoRSegmentLib" / "panel").glob("*.py")), MODULE / "HUMoRSegment.py"]
# Gone with Qt 6: https://doc.qt.io/qt-6/widgets-changes-qt6.html
GONE = ("currentIndexChanged(QString)", "buttonClicked(int)", "activated(QString)", "highlighted(QString)")


@pytest.fixture(scope="module")
def tree() -> ElementTree.Element:
    return ElementTree.parse(UI).getroot()


def names(tree: ElementTree.Element) -> list[str]:
    return [widget.get("name", "") for widget in tree.iter("widget")]


def parameters() -> dict[str, Any]:
    """Parameter → its type as Slicer's wrapper has read it; also of those that the run's options declare."""
    from HUMoRSegmentLib.parameters import HUMoRSegmentParameterNode

    wrapper: Any = HUMoRSegmentParameterNode
    return {name: each.unalteredType for name, each in wrapper.allParameters.items()}


def bound(tree: ElementTree.Element) -> dict[str, str]:
    """Parameter → class of its widget."""
    found = {}
    for widget in tree.iter("widget"):
        for entry in widget.findall("property[@name='SlicerParameterName']"):
            found[entry.findtext("string", "")] = widget.get("class", "")
    return found


def test_every_name_is_used_once(tree: ElementTree.Element) -> None:
    assert len(names(tree)) == len(set(names(tree)))


def test_every_widget_that_the_code_names_is_there(tree: ElementTree.Element) -> None:
    used = set()
    for source in SOURCES:
        used |= set(re.findall(r"\bui\.(\w+)", source.read_text(encoding="utf-8")))
    assert used - set(names(tree)) - {"update"} == set()


def test_every_bound_parameter_exists_and_has_a_widget_that_slicer_can_bind(
    tree: ElementTree.Element,
) -> None:
    fitting = {"bool": "QCheckBox", "float": "ctkSliderWidget", "vtkMRML": "qMRMLNodeComboBox"}
    for parameter, widget in bound(tree).items():
        kind = str(parameters()[parameter])
        assert widget == next(name for word, name in fitting.items() if word in kind), parameter


def test_all_parameters_but_words_are_bound_in_the_file(tree: ElementTree.Element) -> None:
    words = {name for name, kind in parameters().items() if kind is str}
    assert set(bound(tree)) == set(parameters()) - words


def test_every_node_selector_is_given_the_scene(tree: ElementTree.Element) -> None:
    selectors = {
        widget.get("name") for widget in tree.iter("widget") if widget.get("class") == "qMRMLNodeComboBox"
    }
    told = {
        connection.findtext("receiver")
        for connection in tree.iter("connection")
        if connection.findtext("signal") == "mrmlSceneChanged(vtkMRMLScene*)"
    }
    assert told == selectors


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_signal_that_qt_6_removed_is_used(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not [signal for signal in GONE if signal in text]
