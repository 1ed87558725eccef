"""The volumes of a result as a table node."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import slicer
from slicer.i18n import tr as _

from humor.regions import REGION_KEYS, REGIONS

from . import references
from .segments import volumes_ml

_DIGITS = 3  # a voxel of 1 mm³ is 0.001 ml


def show_volume_table(segmentation: Any) -> Any:
    """Fill the result's table from its segments as they are now; it is made where there is none.

    Returns:
        The table node: region, name, ml, and the threshold at which the region was cut.
    """
    table = segmentation.GetNodeReference(references.VOLUME_TABLE)
    if table is None:
        name = _("{segmentation} volumes").format(segmentation=segmentation.GetName())
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        segmentation.SetNodeReferenceID(references.VOLUME_TABLE, table.GetID())
    volumes, thresholds = volumes_ml(segmentation), thresholds_of(segmentation)
    there = [region for region in REGIONS if region.key in volumes]
    headings = (_("Region"), _("Name"), _("Volume (ml)"), _("Threshold"))
    columns: tuple[list[Any], ...] = (
        [region.key for region in there],
        [_segment_name(segmentation, region.key) for region in there],
        [round(volumes[region.key], _DIGITS) for region in there],
        [thresholds.get(region.key, float("nan")) for region in there],
    )
    modified = table.StartModify()
    try:
        table.RemoveAllColumns()
        for heading, values in zip(headings, columns, strict=True):
            table.AddColumn(_column(heading, values))
        table.SetColumnUnitLabel(headings[2], "ml")
        table.SetColumnDescription(headings[2], _("Voxels of the segment times the volume of a voxel"))
        table.SetColumnDescription(headings[3], _("Probability from which a voxel was counted in the region"))
    finally:
        table.EndModify(modified)
    return table


def thresholds_of(segmentation: Any) -> Mapping[str, float]:
    """Region → threshold in force; empty where it is not known."""
    text = segmentation.GetAttribute(references.THRESHOLDS)
    known = json.loads(text) if text else {}
    return {key: float(known[key]) for key in REGION_KEYS if key in known}


def _segment_name(segmentation: Any, key: str) -> str:
    return str(segmentation.GetSegmentation().GetSegment(key).GetName())


def _column(heading: str, values: list[Any]) -> Any:
    from vtkmodules.vtkCommonCore import vtkDoubleArray, vtkStringArray

    array = vtkDoubleArray() if values and isinstance(values[0], float) else vtkStringArray()
    array.SetName(heading)
    for value in values:
        array.InsertNextValue(value)
    return array
