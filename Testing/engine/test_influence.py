from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from engine.cli.small_study import write_study
from engine.cli.stand_in import BrightPlaces
from humor.errors import Cancelled, InputError, OutputError, UsageError, UserFileError
from humor.events import Event, Reporter
from humor.inference.segmentation import Segmentation
from humor.influence import Influence, dice, influence_of_files, leave_out, shares
from humor.options import SegmentOptions
from humor.output.names import INFLUENCE as FACTS
from humor.output.names import INFLUENCE_TABLE as TABLE
from humor.output.names import LABEL_MAP, REPORT
from humor.output.results import INFLUENCE_SCHEMA
from humor.pipeline import segment_files
from humor.regions import REGION_KEYS
from humor.sequences import SEQUENCES
from humor.study.case import Case
from humor.study.case_building import build_case
from humor.study.study import load_study


class Watching(BrightPlaces):
    """Keeps the cases that it is given and what it found."""

    def __init__(self) -> None:
        super().__init__()
        self.cases: list[Case] = []
        self.found: list[Segmentation] = []

    def run(self, case: Case, reporter: Reporter) -> Segmentation:
        self.cases.append(case)
        self.found.append(super().run(case, reporter))
        return self.found[-1]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = write_study(tmp_path_factory.mktemp("study"))
    return {name: folder / f"{name}.nii.gz" for name in SEQUENCES}


def explained(files: dict[str, Path], output: Path, **more: Any) -> Influence:
    segmenter: Any = more.pop("segmenter", None) or BrightPlaces()
    return influence_of_files(files, output, segmenter=segmenter, **more)


def altered(file: Path, folder: Path, change: Any) -> Path:
    image = nibabel.load(file)
    values = change(np.asarray(image.dataobj).copy())
    nibabel.save(nibabel.Nifti1Image(values, image.affine), folder / file.name)
    return folder / file.name


def test_every_sequence_is_left_out_once_after_a_run_with_all(files: dict[str, Path], tmp_path: Path) -> None:
    watching = Watching()
    found = explained(files, tmp_path / "out", segmenter=watching)
    flags = [case.available for case in watching.cases]
    assert flags[0] == (True,) * 4
    assert flags[1:] == [tuple(name != out for name in SEQUENCES) for out in SEQUENCES]
    expected = [(out, region) for out in SEQUENCES for region in REGION_KEYS]
    assert [(effect.left_out, effect.region) for effect in found.effects] == expected


def test_the_numbers_are_those_of_the_runs(files: dict[str, Path], tmp_path: Path) -> None:
    watching = Watching()
    found = explained(files, tmp_path / "out", segmenter=watching)
    first, without_t1c = watching.found[0], watching.found[2]
    effect = next(each for each in found.effects if (each.left_out, each.region) == ("t1c", "TC"))
    assert effect.all_ml == pytest.approx(first.volumes_ml()["TC"]) and effect.all_ml > 0
    assert effect.without_ml == pytest.approx(without_t1c.volumes_ml()["TC"])
    assert effect.change_ml == pytest.approx(effect.without_ml - effect.all_ml) and effect.change_ml < 0
    both = np.logical_and(first.regions[1], without_t1c.regions[1]).sum()
    total = first.regions[1].sum() + without_t1c.regions[1].sum()
    assert effect.dice == pytest.approx(2 * both / total) and 0 < effect.dice < 1


def test_with_all_sequences_volumes_are_those_of_a_plain_run(files: dict[str, Path], tmp_path: Path) -> None:
    segmenter: Any = BrightPlaces()
    plain = segment_files(files, tmp_path / "plain", SegmentOptions(page=False), segmenter=segmenter)
    effects = explained(files, tmp_path / "out").effects
    assert {effect.region: effect.all_ml for effect in effects} == plain.segmentation.volumes_ml()


def test_a_left_out_sequence_is_zeros_and_not_available_and_nothing_else_changes(
    files: dict[str, Path],
) -> None:
    case = build_case(load_study(files))
    without = leave_out(case, "t2")
    assert without.available == (True, True, False, True) and case.available == (True,) * 4
    assert not without.image[2].any() and case.image[2].any()
    others = [0, 1, 3]
    assert np.array_equal(without.image[others], case.image[others])
    assert without.brain is case.brain
    assert (without.grid, without.native, without.reference) == (case.grid, case.native, case.reference)


def test_a_left_out_sequence_really_has_no_say(files: dict[str, Path], tmp_path: Path) -> None:
    """Other values in T1c change the run with all, but not the run without T1c."""
    other = altered(files["t1c"], tmp_path, lambda values: np.where(values > 800, 560, values))
    one = explained(files, tmp_path / "one").effects
    two = explained({**files, "t1c": other}, tmp_path / "two").effects
    t1c = [number for number, effect in enumerate(one) if effect.left_out == "t1c"]
    assert [one[n].without_ml for n in t1c] == [two[n].without_ml for n in t1c]
    assert one[t1c[0]].all_ml != two[t1c[0]].all_ml


def test_the_reference_may_be_left_out_and_regions_stay_on_its_grid(
    files: dict[str, Path], tmp_path: Path
) -> None:
    image = nibabel.load(files["flair"])
    coarse = nibabel.Nifti1Image(
        np.asarray(image.dataobj)[:, :, ::3].copy(), image.affine @ np.diag([1, 1, 3, 1])
    )
    nibabel.save(coarse, tmp_path / "flair.nii.gz")
    watching = Watching()
    given = {**files, "flair": tmp_path / "flair.nii.gz"}
    found = explained(given, tmp_path / "out", segmenter=watching, options=SegmentOptions(reference="flair"))
    assert {segmentation.regions.shape for segmentation in watching.found} == {(3, *coarse.shape)}
    assert not watching.cases[-1].available[3] and watching.cases[-1].reference == "flair"
    voxel_ml = 0.003
    ml = [effect.without_ml for effect in found.effects if effect.left_out == "flair"]
    assert ml == pytest.approx([count * voxel_ml for count in watching.found[-1].regions.sum((1, 2, 3))])


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [([0, 0], [0, 0], 1.0), ([1, 0], [0, 0], 0.0), ([1, 0], [0, 1], 0.0), ([1, 1], [1, 0], 2 / 3)],
)
def test_dice_of_nothing_and_nothing_is_one(one: list[int], other: list[int], expected: float) -> None:
    assert dice(np.array(one, bool), np.array(other, bool)) == pytest.approx(expected)


@pytest.mark.parametrize("names", [[], ["flair"]])
def test_fewer_than_two_sequences_are_refused_with_the_reason(
    names: list[str], files: dict[str, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="at least two sequences"):
        explained({name: files[name] for name in names}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_both_files_hold_the_same_rows(files: dict[str, Path], tmp_path: Path) -> None:
    found = explained({name: files[name] for name in ("t1c", "flair")}, tmp_path / "out")
    facts = json.loads((tmp_path / "out" / FACTS).read_text(encoding="utf-8"))
    assert facts["schema"] == INFLUENCE_SCHEMA and facts["sequences"]["used"] == ["t1c", "flair"]
    assert facts["model"]["name"] == "stand-in" and len(facts["inputs"]) == 2
    rows = list(csv.DictReader((tmp_path / "out" / TABLE).read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(facts["effects"]) == len(found.effects) == 6
    for row, effect in zip(rows, facts["effects"], strict=True):
        assert (row["left_out"], row["region"]) == (effect["left_out"], effect["region"])
        for key in ("all_ml", "without_ml", "change_ml", "dice"):
            assert float(row[key]) == pytest.approx(effect[key], abs=1e-4)


def test_the_segmentation_in_the_same_folder_is_left_alone(files: dict[str, Path], tmp_path: Path) -> None:
    segmenter: Any = BrightPlaces()
    segment_files(files, tmp_path, SegmentOptions(page=False), segmenter=segmenter)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    explained(files, tmp_path)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {LABEL_MAP, REPORT} <= set(before)
    assert set(after) - set(before) == {FACTS, TABLE} and before.items() <= after.items()


def test_progress_only_ever_grows_over_all_runs(files: dict[str, Path], tmp_path: Path) -> None:
    events: list[Event] = []
    explained(files, tmp_path / "out", reporter=Reporter(events.append, shares(files)))
    fractions = [event.fraction for event in events if event.fraction is not None]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    stages = [event.stage for event in events if event.kind == "stage"]
    assert stages == list(shares(files))
    assert any("without T1c (2 of 4)" in event.message for event in events)
    assert events[-1].kind == "result" and events[-1].data["files"] == [TABLE, FACTS]


@pytest.mark.parametrize("stage", ["load", "all", "without_flair", "write"])
def test_cancelling_leaves_nothing_new(stage: str, files: dict[str, Path], tmp_path: Path) -> None:
    explained(files, tmp_path / "old")
    before = {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    for output in (tmp_path / "new", tmp_path / "old"):
        with pytest.raises(Cancelled, match="nothing was kept"):
            explained(files, output, reporter=stopping_at(stage, Cancelled("now")))
        with pytest.raises(KeyboardInterrupt, match="nothing was kept"):
            explained(files, output, reporter=stopping_at(stage, KeyboardInterrupt()))
    assert not (tmp_path / "new").exists()
    assert {path.name: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before


def stopping_at(stage: str, error: BaseException) -> Reporter:
    def listen(event: Event) -> None:
        if event.kind == "stage" and event.stage == stage:
            raise error

    return Reporter(listen, shares(SEQUENCES))


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_read(
    files: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    events: list[Event] = []
    with pytest.raises(OutputError, match="remove it"):
        explained(files, tmp_path / "file" / "out", reporter=Reporter(events.append))
    assert events == []


def test_an_unreadable_image_leaves_no_folder(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        explained({**files, "t1": tmp_path / "nowhere.nii"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_warning_is_given_once_not_once_a_run(files: dict[str, Path], tmp_path: Path) -> None:
    events: list[Event] = []
    given = {name: files[name] for name in ("t1", "t2")}
    found = explained(given, tmp_path / "out", reporter=Reporter(events.append))
    warned = [event.message for event in events if event.kind == "warning"]
    assert any("T1c is missing" in sentence for sentence in warned)
    assert sorted(warned) == sorted(found.facts["warnings"]) and len(set(warned)) == len(warned)


def test_files_of_the_users_with_the_names_of_results_are_kept(
    files: dict[str, Path], tmp_path: Path
) -> None:
    for name in (FACTS, TABLE):
        (tmp_path / name).write_text("mine")
        with pytest.raises(UserFileError, match=name):
            explained(files, tmp_path)
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
    explained(files, tmp_path)
    explained(files, tmp_path)
    (tmp_path / TABLE).write_text("corrected")
    with pytest.raises(UserFileError, match="changed since"):
        explained(files, tmp_path)
    assert (tmp_path / TABLE).read_text() == "corrected"


def test_a_cancelled_segmentation_stays_known_as_ours(files: dict[str, Path], tmp_path: Path) -> None:
    """The comparison in the same folder must not forget whose the label map is."""
    segmenter: Any = BrightPlaces()

    def listen(event: Event) -> None:
        if event.kind == "stage" and event.stage == "report":
            raise Cancelled("now")

    with pytest.raises(Cancelled):
        segment_files(files, tmp_path, SegmentOptions(page=False), Reporter(listen), segmenter)
    explained(files, tmp_path)
    segment_files(files, tmp_path, SegmentOptions(page=False), segmenter=segmenter)
    assert {FACTS, TABLE, LABEL_MAP, REPORT} <= {path.name for path in tmp_path.iterdir()}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
