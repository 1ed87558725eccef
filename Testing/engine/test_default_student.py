"""The student that ships, on the generated sample and on real MRI, through the one pipeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import pytest

from humor.bundle.bundle import load_bundle
from humor.bundle.store import DEFAULT_BUNDLE, find_bundle
from humor.inference.openvino_backend import OpenVinoBackend
from humor.inference.segmenter import Segmenter
from humor.pipeline import segment_files
from humor.regions import labels_to_regions
from humor.sequences import SEQUENCES, subset_name, subsets
from humor.study.case_building import build_case
from humor.study.study import load_study

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = REPOSITORY / "HUMoRSegment" / "Resources" / "Sample"


@pytest.fixture(scope="module")
def segmenter() -> Iterator[Segmenter]:
    yield Segmenter(load_bundle(find_bundle(None)), device="cpu")


def files_of(folder: Path) -> dict[str, Path]:
    return {name: folder / f"{name}.nii.gz" for name in SEQUENCES if (folder / f"{name}.nii.gz").exists()}


def dice(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Dice of masks ``[3, ...]``."""
    both = (found & truth).sum(axis=(1, 2, 3))
    return 2 * both / np.maximum(found.sum(axis=(1, 2, 3)) + truth.sum(axis=(1, 2, 3)), 1)


def test_the_default_bundle_is_whole_and_ships_in_this_repository() -> None:
    bundle = load_bundle(find_bundle(None))
    bundle.verify()
    assert bundle.name == DEFAULT_BUNDLE
    assert bundle.folder.resolve() == REPOSITORY / "HUMoRSegment" / "Resources" / "Models" / DEFAULT_BUNDLE
    assert all(path.stat().st_size < 16_000_000 for path in bundle.folder.iterdir())


def test_its_card_tells_all_15_subsets_and_the_data() -> None:
    manifest = load_bundle(find_bundle(None)).manifest
    assert set(manifest.validation["validation"]) == {subset_name(names) for names in subsets()}
    assert any("BraTS" in citation for citation in manifest.citations)
    assert manifest.training["steps_done"] > 0


def test_it_finds_the_tumour_of_the_sample_study(segmenter: Segmenter, tmp_path: Path) -> None:
    outcome = segment_files(files_of(SAMPLE), tmp_path / "out", segmenter=segmenter)
    truth = nibabel.load(SAMPLE / "truth.nii.gz")
    written = nibabel.load(tmp_path / "out" / "segmentation.nii.gz")
    np.testing.assert_allclose(written.affine, truth.affine)
    scores = dice(
        labels_to_regions(np.asarray(written.dataobj)), labels_to_regions(np.asarray(truth.dataobj))
    )
    assert scores[0] > 0.6 and scores[1] > 0.3, scores
    assert set(outcome.files) >= {
        "segmentation.nii.gz",
        "segmentation.seg.nrrd",
        "report.html",
        "report.json",
    }
    gates = outcome.segmentation.routing.gates
    assert len(gates) == 12 and outcome.segmentation.routing.source == "distilled"
    assert all(np.allclose(gate.weights.sum(0), 1, atol=1e-4) for gate in gates)


def test_it_runs_on_every_subset_of_a_real_study(
    segmenter: Segmenter, shared_data: Path, tmp_path: Path
) -> None:
    files = files_of(shared_data / "train" / "Brats18_TCIA02_606_1")
    for names in subsets():
        case = build_case(load_study({name: files[name] for name in names}))
        found = segmenter.run(case)
        assert found.regions.shape == (3, 240, 240, 155)
        assert case.available == tuple(name in names for name in SEQUENCES)


def test_a_real_study_with_two_sequences_is_segmented(segmenter: Segmenter, shared_data: Path) -> None:
    folder = shared_data / "two_sequences" / "BRATS2013_pat0001"
    found = segmenter.run(build_case(load_study(files_of(folder))))
    labels = np.asarray(nibabel.load(folder / "seg.nii.gz").dataobj)
    assert dice(found.regions, np.stack([labels > 0] * 3))[0] > 0.6


def test_a_whole_head_keeps_its_geometry_and_is_warned_of(
    segmenter: Segmenter, shared_data: Path, tmp_path: Path
) -> None:
    files = files_of(shared_data / "whole_head" / "patient01_study1")
    outcome = segment_files(files, tmp_path / "out", segmenter=segmenter)
    reference = nibabel.load(files[outcome.segmentation.case.reference])
    written = nibabel.load(tmp_path / "out" / "segmentation.nii.gz")
    assert written.shape == reference.shape
    np.testing.assert_allclose(written.affine, reference.affine, atol=1e-5)
    assert any("skull" in str(warning) for warning in outcome.warnings)


def test_the_shipped_graph_and_the_shipped_weights_agree(shared_data: Path) -> None:
    """The OpenVINO graph in float32 against the torch network, on a real case."""
    from humor.inference.backend import Strategy
    from humor.inference.devices import Device
    from humor.inference.torch_backend import TorchBackend, load_network

    bundle = load_bundle(find_bundle(None))
    case = build_case(load_study(files_of(shared_data / "train" / "Brats18_TCIA02_606_1")))
    exact = Strategy()
    ours = OpenVinoBackend(bundle, "fp32").run(case.image, case.available, exact, lambda done: None)
    theirs = TorchBackend(load_network(bundle), Device("cpu"), "fp32").run(
        case.image, case.available, exact, lambda done: None
    )
    # Instance norm over millions of voxels sums in another order; a handful of voxels at an edge move.
    difference = np.abs(ours.probabilities - theirs.probabilities)
    assert difference.mean() < 1e-3 and np.quantile(difference, 0.999) < 0.02
