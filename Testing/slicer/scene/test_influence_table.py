from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import slicer
from scene.outputs import write_influence

from humor.errors import HumorError
from HUMoRSegmentLib.scene import references
from HUMoRSegmentLib.scene.tables import make_influence_table


def comparison(folder: Path, sequences: tuple[str, ...] = ("t1c", "flair"), without: float = 12.345) -> Path:
    """A folder as ``humor influence`` writes it."""
    rows = [
        {
            "left_out": name,
            "region": region,
            "all_ml": 20.0,
            "without_ml": without,
            "change_ml": without - 20.0,
            "dice": 0.8765,
        }
        for name in sequences
        for region in ("WT", "TC", "ET")
    ]
    folder.mkdir(exist_ok=True)
    write_influence(folder, rows)
    return folder


def segmentation_in(scene: Any) -> Any:
    return scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Tumour")


def rows_of(table: Any) -> list[list[str]]:
    columns = range(table.GetNumberOfColumns())
    return [[table.GetCellText(row, column) for column in columns] for row in range(table.GetNumberOfRows())]


def test_each_left_out_sequence_and_region_is_a_row(scene: Any, tmp_path: Path) -> None:
    segmentation = segmentation_in(scene)
    table = make_influence_table(segmentation, comparison(tmp_path / "output"))
    rows = rows_of(table)
    assert [row[:2] for row in rows] == [
        [name, key] for name in ("T1c", "FLAIR") for key in ("WT", "TC", "ET")
    ]
    headings = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    assert headings == ["Left out", "Region", "All (ml)", "Without (ml)", "Change (ml)", "Dice"]


def test_numbers_are_numbers_and_short_enough_to_be_read(scene: Any, tmp_path: Path) -> None:
    table = make_influence_table(segmentation_in(scene), comparison(tmp_path / "output", without=12.3456789))
    column = table.GetTable().GetColumnByName("Change (ml)")
    assert column.IsNumeric() and column.GetValue(0) == pytest.approx(-7.65)
    assert all(len(text) <= 6 for row in rows_of(table) for text in row)


def test_the_segmentation_refers_to_its_table(scene: Any, tmp_path: Path) -> None:
    segmentation = segmentation_in(scene)
    table = make_influence_table(segmentation, comparison(tmp_path / "output"))
    assert segmentation.GetNodeReference(references.INFLUENCE_TABLE).GetID() == table.GetID()
    assert "Tumour" in table.GetName() and slicer.mrmlScene.IsNodePresent(table)


def test_a_second_comparison_replaces_the_rows_of_the_first(scene: Any, tmp_path: Path) -> None:
    segmentation = segmentation_in(scene)
    first = make_influence_table(segmentation, comparison(tmp_path / "one"))
    second = make_influence_table(segmentation, comparison(tmp_path / "two", ("t1", "t2", "flair"), 31.5))
    assert second.GetID() == first.GetID()
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 1
    rows = rows_of(second)
    assert len(rows) == 9 and second.GetNumberOfColumns() == 6
    assert rows[0] == ["T1", "WT", "20", "31.5", "11.5", "0.88"]


def test_two_results_have_a_table_each(scene: Any, tmp_path: Path) -> None:
    output = comparison(tmp_path / "output")
    one, two = segmentation_in(scene), segmentation_in(scene)
    assert make_influence_table(one, output).GetID() != make_influence_table(two, output).GetID()


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        '{"effects": ',
        "{}",
        "[]",
        json.dumps({"effects": [{"left_out": "t1"}]}),
        '{"effects": 3}',
        '{"effects": []}',
    ],
)
def test_an_incomplete_comparison_leaves_the_scene_as_it_was(
    content: str | None, scene: Any, tmp_path: Path
) -> None:
    segmentation = segmentation_in(scene)
    if content is not None:
        (tmp_path / "influence.json").write_text(content, encoding="utf-8")
    with pytest.raises(HumorError, match=r"influence\.json"):
        make_influence_table(segmentation, tmp_path)
    assert scene.GetNumberOfNodesByClass("vtkMRMLTableNode") == 0
    assert segmentation.GetNodeReference(references.INFLUENCE_TABLE) is None


def test_a_damaged_second_comparison_leaves_the_first_table(scene: Any, tmp_path: Path) -> None:
    segmentation = segmentation_in(scene)
    table = make_influence_table(segmentation, comparison(tmp_path / "one"))
    before = rows_of(table)
    with pytest.raises(HumorError):
        make_influence_table(segmentation, tmp_path / "nothing")
    assert rows_of(table) == before
