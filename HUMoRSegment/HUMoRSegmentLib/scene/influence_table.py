"""What each sequence did, as a table node: one row for each sequence left out and region."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import slicer
import vtk
from slicer.i18n import tr as _

from humor.errors import InputError
from humor.output.names import INFLUENCE
from humor.sequences import DISPLAY_NAMES

from . import references
from .hierarchy import place_beside

_DIGITS = 2  # what is shown: hundredths of a ml, and of Dice


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
    columns = _columns(_read(output))
    table = segmentation.GetNodeReference(references.INFLUENCE_TABLE)
    if table is None:
        name = _("{segmentation} influence of sequences").format(segmentation=segmentation.GetName())
        table = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
        segmentation.SetNodeReferenceID(references.INFLUENCE_TABLE, table.GetID())
        place_beside(table, segmentation.GetNodeReference(references.VOLUME_TABLE) or segmentation)
    modified = table.StartModify()
    try:
        table.RemoveAllColumns()
        for column in columns:
            table.AddColumn(column)
    finally:
        table.EndModify(modified)
    return table


def _read(output: Path) -> list[dict[str, Any]]:
    """The rows of ``influence.json``, checked enough to be shown."""
    path = output / INFLUENCE
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["effects"]
        if not rows:
            raise ValueError(_("it has no rows"))
        numbers = ("all_ml", "without_ml", "change_ml", "dice")
        return [
            {
                "left_out": DISPLAY_NAMES[row["left_out"]],
                "region": str(row["region"]),
                **{key: float(row[key]) for key in numbers},
            }
            for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            _("{path} holds no complete comparison ({reason}). Compare the sequences again.").format(
                path=path, reason=error
            )
        ) from error


def _columns(rows: list[dict[str, Any]]) -> list[Any]:
    """VTK arrays; they carry the headings as their names."""
    headings = {
        "left_out": _("Left out"),
        "region": _("Region"),
        "all_ml": _("All (ml)"),
        "without_ml": _("Without (ml)"),
        "change_ml": _("Change (ml)"),
        "dice": _("Dice"),
    }
    return [_column(heading, [row[key] for row in rows]) for key, heading in headings.items()]


def _column(heading: str, values: list[Any]) -> Any:
    is_text = any(isinstance(value, str) for value in values)
    array = vtk.vtkStringArray() if is_text else vtk.vtkDoubleArray()
    array.SetName(heading)
    for value in values:
        array.InsertNextValue(value if is_text else round(value, _DIGITS))
    return array
