"""What can be chosen about a run in Slicer."""

from __future__ import annotations

from dataclasses import dataclass

UPDATE, ADD = "update", "add"
"""What a second run does: replace the earlier result's segments, or make a further segmentation."""


@dataclass(frozen=True)
class Options:
    """Choices for one run.

    Attributes:
        model: a bundle's name or folder; empty for the default.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        reference: the sequence on whose grid results are wanted; empty to choose.
        mirror: take the mean with the mirrored brain's result, in twice the network's time.
        register: align the sequences rigidly first.
        probabilities: keep the probabilities as volumes, which lets thresholds be moved afterwards.
        label_map: also make the BraTS label map.
        region_label_maps: also make one label map for each region.
        second_run: ``UPDATE`` or ``ADD``.
    """

    model: str = ""
    device: str = "auto"
    reference: str = ""
    mirror: bool = False
    register: bool = False
    probabilities: bool = True
    label_map: bool = False
    region_label_maps: bool = False
    second_run: str = UPDATE
