"""A finished run in the scene: one segmentation node, and the nodes that hang on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import slicer

from humor.output.report_json import plausibility_line
from humor.regions import REGION_KEYS, labels_to_regions

from .options import Options
from .routing.gates import gates_of, load_gates
from .routing.weights import make_gate_table
from .scene import references
from .scene.geometry import Placement, own_grid, placement_in, placement_of, set_reference_geometry
from .scene.provenance import manifest_of, name_inputs_by_node, report_of, write_inputs, write_provenance
from .scene.result_volumes import show_label_map, show_probabilities, show_region_label_maps
from .scene.rollback import Rollback, remove
from .scene.run_output import RunOutput, read_run
from .scene.segments import CroppedMask, keep_edited, sentence_about_kept, volumes_ml, write_region
from .scene.tables import show_volume_table
from .scene.target import make_ready, new_segmentation, obstacle, put_in_hierarchy, set_aside


@dataclass
class SceneResult:
    """A result's nodes; None where there is none. All are found again from the segmentation alone.

    Attributes:
        segmentation: the segments WT, TC and ET.
        volumes_ml: region → ml, counted in the segments as they are.
        table: the table node of the volumes.
        label_map: the BraTS label map node.
        region_label_maps: region → label map node.
        probabilities: region → scalar volume node.
        gates: vector volume nodes, in the network's order.
        gate_table: the table node of the experts' mean weights.
        warnings: sentences to be read before the result is used.
        plausibility: a line about the whole tumour as a whole; empty if the run said none.
    """

    segmentation: Any
    volumes_ml: dict[str, float]
    table: Any = None
    label_map: Any = None
    region_label_maps: dict[str, Any] = field(default_factory=dict)
    probabilities: dict[str, Any] = field(default_factory=dict)
    gates: list[Any] = field(default_factory=list)
    gate_table: Any = None
    warnings: list[str] = field(default_factory=list)
    plausibility: str = ""

    @classmethod
    def of(cls, segmentation: Any) -> SceneResult:
        """What belongs to a segmentation node, also in a scene that was saved and loaded again."""

        def by_region(role: str) -> dict[str, Any]:
            nodes = {key: segmentation.GetNodeReference(role + key) for key in REGION_KEYS}
            return {key: node for key, node in nodes.items() if node is not None}

        return cls(
            segmentation=segmentation,
            volumes_ml=volumes_ml(segmentation),
            table=segmentation.GetNodeReference(references.VOLUME_TABLE),
            label_map=segmentation.GetNodeReference(references.LABEL_MAP),
            region_label_maps=by_region(references.REGION_LABEL_MAP),
            probabilities=by_region(references.PROBABILITY),
            gates=[gate.node for gate in gates_of(segmentation)],
            gate_table=segmentation.GetNodeReference(references.GATE_TABLE),
            warnings=(segmentation.GetAttribute(references.WARNINGS) or "").splitlines(),
            plausibility=plausibility_line(report_of(segmentation)),
        )

    def related(self) -> list[Any]:
        """Every node but the segmentation."""
        nodes = [self.table, self.label_map, *self.region_label_maps.values(), *self.probabilities.values()]
        return [node for node in (*nodes, self.gate_table, *self.gates) if node is not None]


def show_result(
    output: Path, sequences: Mapping[str, Any], options: Options, target: Any | None = None
) -> SceneResult:
    """Bring a finished run into the scene, wholly or not at all.

    Args:
        output: the folder that ``humor segment`` wrote.
        sequences: sequence → the volume node that was segmented.
        options: which nodes are wanted, and what a second run does.
        target: the segmentation node of an earlier run. Unless ``add_result`` is chosen, its tumour
            segments are replaced, its further nodes filled anew or removed; the user's own segments,
            names, colours and display stay, and edited tumour segments are kept as hidden copies. Where
            that would harm the user's own segments, a new node is made, and a warning says so.

    Returns:
        The result's nodes.

    Raises:
        InputError: the folder holds no complete result; the scene is as it was.
    """
    run = read_run(output)
    manifest = manifest_of(run.report, options.model)
    placement = placement_of(run.grid, _in_scene(sequences.get(run.reference)))
    warnings = [*run.report["warnings"], *filter(None, [placement.warning])]
    if target is not None:
        reason = obstacle(target, placement) if not options.add_result else ""
        warnings += filter(None, [reason])
        target = None if reason or options.add_result else target
    with Rollback() as rollback, slicer.util.RenderBlocker():
        segmentation = target if target is not None else new_segmentation(placement)
        rollback.keep(target)
        placement = placement_in(segmentation, placement)
        routing = run.report.get("routing") or {}
        stale = set_aside(segmentation, _wanted(run, options), bool(routing.get("gates")), rollback)
        _show_gates(output, segmentation, placement, run)
        kept = _show_segments(segmentation, placement, run)
        warnings += filter(None, [sentence_about_kept(kept)])
        write_provenance(segmentation, name_inputs_by_node(run.report, sequences), manifest, warnings)
        write_inputs(segmentation, sequences)
        _show_volumes(segmentation, placement, run, options, rollback)
        show_volume_table(segmentation)
        make_gate_table(segmentation, routing)
        result = SceneResult.of(segmentation)
        put_in_hierarchy(segmentation, placement.reference, result.related(), rollback)
        for node in stale:
            remove(node)
    return result


def _show_gates(output: Path, segmentation: Any, placement: Placement, run: RunOutput) -> None:
    """Gates come in the world's coordinates; they get the segmentation's."""
    to_placement = placement.grid.affine @ np.linalg.inv(run.grid.affine)
    for node in load_gates(output, segmentation):
        if not np.allclose(to_placement, np.eye(4), rtol=0, atol=1e-12):
            node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(to_placement @ own_grid(node).affine))
        node.SetAndObserveTransformNodeID(
            placement.transform.GetID() if placement.transform is not None else None
        )


def _show_segments(segmentation: Any, placement: Placement, run: RunOutput) -> list[str]:
    """Write WT, TC and ET; returns the names of the copies of edited ones."""
    make_ready(segmentation)
    masks = [CroppedMask.of(mask) for mask in labels_to_regions(run.labels)]
    kept = [keep_edited(segmentation, key) for key in REGION_KEYS]
    set_reference_geometry(segmentation, placement)
    for key, cropped in zip(REGION_KEYS, masks, strict=True):
        write_region(segmentation, key, cropped, placement.grid)
    return [name for name in kept if name]


def _wanted(run: RunOutput, options: Options) -> set[str]:
    """References to the label maps and probabilities that this run fills."""
    roles = {references.LABEL_MAP} if options.label_map else set()
    if options.region_label_maps:
        roles |= {references.REGION_LABEL_MAP + key for key in REGION_KEYS}
    if options.probabilities and run.probabilities is not None:
        roles |= {references.PROBABILITY + key for key in REGION_KEYS}
    return roles


def _show_volumes(
    segmentation: Any, placement: Placement, run: RunOutput, options: Options, rollback: Rollback
) -> None:
    if options.label_map:
        show_label_map(segmentation, run.labels, placement, rollback)
    if options.region_label_maps:
        show_region_label_maps(segmentation, run.labels, placement, rollback)
    if options.probabilities and run.probabilities is not None:
        show_probabilities(segmentation, run.probabilities, placement, rollback)


def _in_scene(node: Any | None) -> Any | None:
    return node if node is not None and slicer.mrmlScene.IsNodePresent(node) else None
