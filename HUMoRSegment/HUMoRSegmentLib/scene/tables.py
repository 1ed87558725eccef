"""The tables of a result: volumes, and what each sequence did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import REGIONS
from humor.sequences import DISPLAY_NAMES

from . import references
from .provenance import thresholds_of
from .run_output import read_influence
from .segments import volumes_ml
from .target import put_beside

_VOLUME_DIGITS = 3  # a voxel of 1 mm³ is 0.001 ml
_INFLUENCE_DIGITS = 2  # what is shown: hundredths of a ml, and of Dice


def show_volume_table(segmentation: Any) -> Any:
    """Fill the result's table from its segments as they are now; it is made where there is none.

    Returns:
        The table node: region, name, ml, and the threshold at which the region was cut.
    """
    table = segmentation.GetNodeReference(references.VOLUME_TABLE)
    if table is None:
        name = _("{segmentation} volumes").format(segmentation=segmentation.GetName())
        table = add_table(segmentation, references.VOLUME_TABLE, name)
    volumes, thresholds = volumes_ml(segmentation), thresholds_of(segmentation)
    there = [region for region in REGIONS if region.key in volumes]
    volume, threshold = _("Volume (ml)"), _("Threshold")
    columns: dict[str, list[Any]] = {
        _("Region"): [region.key for region in there],
        _("Name"): [_segment_name(segmentation, region.key) for region in there],
        volume: [round(volumes[region.key], _VOLUME_DIGITS) for region in there],
        threshold: [thresholds.get(region.key, float("nan")) for region in there],
    }
    modified = table.StartModify()
    try:
        fill_table(table, columns)
        table.SetColumnUnitLabel(volume, "ml")
        table.SetColumnDescription(volume, _("Voxels of the segment times the volume of a voxel"))
        table.SetColumnDescription(threshold, _("Probability from which a voxel was counted in the region"))
    finally:
        table.EndModify(modified)
    return table


def make_influence_table(segmentation: Any, output: Path) -> Any:
    """Bring a finished comparison into the scene.

    A second comparison of the same result replaces the rows of the first one's table.

    Args:
        segmentation: the result that was explained; it will refer to the table.
        output: the folder that ``humor influence`` wrote.

    Returns:
        The table node: sequence left out, region, ml with all sequences and without this one, the
        change in ml, Dice of the two.

    Raises:
        InputError: the folder holds no complete comparison; the scene is as it was.
    """
    rows = read_influence(output)
    table = segmentation.GetNodeReference(references.INFLUENCE_TABLE)
    if table is None:
        name = _("{segmentation} influence of sequences").format(segmentation=segmentation.GetName())
        table = add_table(segmentation, references.INFLUENCE_TABLE, name)
        put_beside(table, segmentation.GetNodeReference(references.VOLUME_TABLE) or segmentation)
    numbers = {
        _("All (ml)"): "all_ml",
        _("Without (ml)"): "without_ml",
        _("Change (ml)"): "change_ml",
        _("Dice"): "dice",
    }
    columns: dict[str, list[Any]] = {
        _("Left out"): [DISPLAY_NAMES[row["left_out"]] for row in rows],
        _("Region"): [row["region"] for row in rows],
    }
    for heading, key in numbers.items():
        columns[heading] = [round(row[key], _INFLUENCE_DIGITS) for row in rows]
    fill_table(table, columns)
    return table


def add_table(segmentation: Any, role: str, name: str) -> Any:
    """A new, empty table node to which the segmentation refers by a role."""
    table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    segmentation.SetNodeReferenceID(role, table.GetID())
    return table


def fill_table(table: Any, columns: Mapping[str, Sequence[Any]]) -> None:
    """Replace a table node's content, as one change.

    Args:
        table: the node.
        columns: heading → values, all text or all numbers.
    """
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    modified = table.StartModify()
    try:
        table.RemoveAllColumns()
        for heading, values in columns.items():
            is_text = any(isinstance(value, str) for value in values)
            array = vtkStringArray() if is_text else vtkDoubleArray()
            array.SetName(heading)
            for value in values:
                array.InsertNextValue(value)
            table.AddColumn(array)
    finally:
        table.EndModify(modified)


def _segment_name(segmentation: Any, key: str) -> str:
    return str(segmentation.GetSegmentation().GetSegment(key).GetName())
