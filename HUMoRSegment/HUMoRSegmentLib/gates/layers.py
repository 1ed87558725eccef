"""Volumes of ours in the layers of the slice views, and what lay there before them.

Every slice view remembers on its own composite node what it showed. So that survives saving and
loading the scene, and a view in which the user chose something else since is left alone.
"""

from __future__ import annotations

from typing import Any

import slicer

from ..scene import references

EXPERT_OVERLAY = references.PREFIX + "ExpertOverlay"
"""Reference of the segmentation node: the scalar volume that shows one expert's weight."""
DOMINANT_OVERLAY = references.PREFIX + "DominantOverlay"
"""Reference of the segmentation node: the label map that shows who weighs most."""

_OURS = references.PREFIX + "Overlay"
_LAYERS = ("Foreground", "Label")


def show(volume: Any, layer: str, opacity: float) -> None:
    """Put a volume into a layer of all slice views.

    Args:
        volume: the node.
        layer: ``Foreground`` or ``Label``.
        opacity: of the layer, 0 to 1.
    """
    volume.SetAttribute(_OURS, layer)
    for view in _views():
        if not _is_ours(_shown(view, layer)):
            _remember(view, layer)
        _set(view, layer, volume.GetID(), opacity)


def take_away(volume: Any | None) -> None:
    """Show again what was there before the volume, in every view that still shows it."""
    if volume is None:
        return
    for view in _views():
        for layer in _LAYERS:
            if getattr(view, f"Get{layer}VolumeID")() == volume.GetID():
                before = view.GetNodeReference(_before(layer))
                opacity = float(view.GetAttribute(_before(layer)) or 0.0)
                _set(view, layer, before.GetID() if before is not None else None, opacity)
                view.SetNodeReferenceID(_before(layer), None)
                view.RemoveAttribute(_before(layer))


def clear(segmentation: Any) -> None:
    """Take both overlays of a result out of the slice views; they stay in the scene."""
    for role in (EXPERT_OVERLAY, DOMINANT_OVERLAY):
        take_away(segmentation.GetNodeReference(role))


def _views() -> list[Any]:
    return list(slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"))


def _remember(view: Any, layer: str) -> None:
    shown = _shown(view, layer)
    view.SetNodeReferenceID(_before(layer), shown.GetID() if shown is not None else None)
    view.SetAttribute(_before(layer), repr(getattr(view, f"Get{layer}Opacity")()))


def _shown(view: Any, layer: str) -> Any | None:
    identifier = getattr(view, f"Get{layer}VolumeID")()
    return slicer.mrmlScene.GetNodeByID(identifier) if identifier else None


def _is_ours(volume: Any | None) -> bool:
    return volume is not None and volume.GetAttribute(_OURS) is not None


def _set(view: Any, layer: str, identifier: str | None, opacity: float) -> None:
    modified = view.StartModify()
    try:
        getattr(view, f"Set{layer}VolumeID")(identifier)
        getattr(view, f"Set{layer}Opacity")(opacity)
    finally:
        view.EndModify(modified)


def _before(layer: str) -> str:
    return f"{references.PREFIX}{layer}Before"
