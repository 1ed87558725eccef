"""From studies to tables, with a predictor that knows the truth."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from humor.errors import UsageError
from humor.sequences import SEQUENCES
from humor.study.case import Case, to_native
from humor_training.commands import evaluate as command
from humor_training.data.labelled_case import LabelledCase
from humor_training.evaluation.evaluate import evaluate, evaluate_into, mean_dice, measure, subsets_of
from humor_training.evaluation.measures import MEASURES, checked_measures
from humor_training.evaluation.scores import read_scores
from humor_training.evaluation.subjects import Source, Subject, native_sources, packed_sources

LABELS = np.zeros((48, 48, 48), np.uint8)
LABELS[8:28, 8:28, 8:28] = 2
LABELS[10:20, 10:20, 10:20] = 1
LABELS[12:16, 12:16, 12:16] = 4


def silent(_: str) -> None:
    """Where nobody reads along."""


def packed(name: str, available: tuple[bool, ...] = (True,) * 4) -> LabelledCase:
    image = np.ones((4, 48, 48, 48), np.float16) * np.array(available)[:, None, None, None]
    return LabelledCase(name, image.astype(np.float16), np.array(available), LABELS)


@dataclass(frozen=True)
class Answer:
    probabilities: np.ndarray
    regions: np.ndarray


@dataclass
class Knowing:
    """Finds the truth with T1c, and nothing without it; counts its runs."""

    subject: Subject
    runs: list[tuple[bool, ...]] = field(default_factory=list)

    def run(self, case: Case) -> Answer:
        self.runs.append(case.available)
        found = self.subject.truth & case.available[1]
        return Answer(found.astype(np.float32), found)


def knowing(source: Source) -> Knowing:
    return Knowing(source.load())


def test_a_perfect_model_has_perfect_scores_and_a_blind_one_the_worst() -> None:
    (source,) = packed_sources([packed("a")])
    model = knowing(source)
    scores = measure(model, model.subject, subsets_of(source), tuple(MEASURES))
    assert len(scores) == 15 * 3 and len(model.runs) == 15
    perfect, blind = scores[-1], scores[0]
    assert (perfect.subset, perfect.region, perfect.grid) == ("t1+t1c+t2+flair", "ET", "crop")
    assert perfect.volume_ml == perfect.truth_ml == pytest.approx(0.064)
    wanted = dict.fromkeys(MEASURES, 0.0) | dict.fromkeys(
        ["dice", "lesion_dice", "sensitivity", "precision"], 1.0
    )
    assert perfect.values == wanted
    assert (blind.subset, blind.region) == ("t1", "WT")
    assert blind.values["dice"] == blind.values["lesion_dice"] == blind.values["sensitivity"] == 0.0
    assert blind.values["hd95_mm"] == 374.0
    assert blind.values["volume_error"] == 1.0
    assert blind.values["ece"] == pytest.approx(20**3 / 48**3)  # the brain is the whole crop


def test_missing_sequences_leave_the_subsets_that_remain() -> None:
    (source,) = packed_sources([packed("a", (False, True, False, True))])
    assert source.sequences == ("t1c", "flair")
    assert subsets_of(source) == [("t1c",), ("flair",), ("t1c", "flair")]
    assert subsets_of(source, full=True) == [("t1c", "flair")]


def test_mean_dice_leaves_out_studies_without_the_region() -> None:
    (source,) = packed_sources([packed("a")])
    model = knowing(source)
    scores = measure(model, model.subject, [("t1c",), ("t1",)], ["dice"])
    model.subject.truth[2] = False
    scores += measure(model, model.subject, [("t1c",)], ["dice"])
    assert mean_dice(scores) == {
        "t1": {"WT": 0.0, "TC": 0.0, "ET": 0.0},
        "t1c": {"WT": 1.0, "TC": 1.0, "ET": 1.0},
    }
    assert [score.in_truth for score in scores if score.region == "ET"] == [True, True, False]


class FirstSequence:
    """Calls everything with a value above 1 in the first available sequence a tumour."""

    def run(self, case: Case) -> Answer:
        image = case.image[case.available.index(True)]
        probabilities = np.stack([1 / (1 + np.exp(-(image - 1)))] * 3)
        return Answer(probabilities, to_native(case, probabilities > 0.5))


def test_studies_on_disk_are_measured_on_their_native_grid(studies: Path) -> None:
    source = native_sources(studies)[2]
    subject = source.load()
    assert source.sequences == ("t1c", "t2", "flair")
    assert subject.truth.shape[1:] == subject.case.native.shape
    assert subject.case.native.spacing == pytest.approx((3.0, 3.0, 3.0))
    scores = measure(FirstSequence(), subject, subsets_of(source, full=True), tuple(MEASURES))
    assert {score.grid for score in scores} == {"native"}
    assert scores[0].truth_ml == pytest.approx(subject.truth[0].sum() * 0.027)
    assert all(0 < score.values["dice"] < 1 and 0 < score.values["ece"] < 1 for score in scores)
    perfect = measure(Knowing(subject), subject, [("t1c",)], ["dice"])
    assert [score.values["dice"] for score in perfect] == [1.0] * 3


def test_evaluate_gives_the_scores_that_bundles_are_shipped_with(tmp_path: Path, studies: Path) -> None:
    (tmp_path / "one").symlink_to(studies / "patient2")
    lines: list[str] = []
    scores = evaluate(FirstSequence(), tmp_path, lines.append)
    assert len(scores) == 7 * 3 and len(lines) == 1
    table = mean_dice(scores)
    assert list(table)[-1] == "t1c+t2+flair" and len(table) == 7
    assert table["t2"]["WT"] == pytest.approx(scores[3].values["dice"], abs=1e-4)


def test_an_evaluation_is_continued_where_it_was_killed(tmp_path: Path) -> None:
    sources = packed_sources([packed("a"), packed("b")])
    settings = {"model": "knowing"}
    whole = evaluate_into(tmp_path, knowing(sources[0]), sources, ["dice"], False, settings, tell=silent)
    table = (tmp_path / "scores.csv").read_text()
    (tmp_path / "scores.csv").write_text(table[:-70])  # in the middle of the second study
    model = knowing(sources[0])
    again = evaluate_into(tmp_path, model, sources, ["dice"], False, settings, resume=True, tell=silent)
    assert again == whole == read_scores(tmp_path / "scores.csv")
    assert len(model.runs) == 15
    model = knowing(sources[0])
    evaluate_into(tmp_path, model, sources, ["dice"], False, settings, resume=True, tell=silent)
    assert model.runs == []


def test_another_models_evaluation_is_not_continued(tmp_path: Path) -> None:
    sources = packed_sources([packed("a")])
    evaluate_into(tmp_path, knowing(sources[0]), sources, ["dice"], True, {"model": "one"}, tell=silent)
    with pytest.raises(UsageError, match=r"other settings \(measures, model\)"):
        evaluate_into(tmp_path, knowing(sources[0]), sources, ["ece"], True, {"model": "two"}, True, silent)


def test_an_evaluation_holds_tables_summary_and_picture(tmp_path: Path) -> None:
    sources = packed_sources([packed("a"), packed("b")])
    evaluate_into(tmp_path, knowing(sources[0]), sources, ["dice"], False, {"model": "knowing"}, tell=silent)
    assert "| T1c | 1.000 [1.000, 1.000] |" in (tmp_path / "scores.md").read_text()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["settings"]["grid"] == "crop" and summary["settings"]["studies"] == "2"
    assert summary["means"][0] == {
        **{"subset": "t1", "region": "WT", "measure": "dice", "over": "in_truth"},
        **{"mean": 0.0, "low": 0.0, "high": 0.0, "patients": 2},
    }
    assert (tmp_path / "dice.png").stat().st_size > 10_000


def test_unknown_metrics_are_refused() -> None:
    assert checked_measures(["ece", "dice"]) == ("dice", "ece")
    with pytest.raises(UsageError, match="f1: no such metric"):
        checked_measures(["f1"])


def test_the_command_measures_the_default_bundle(tmp_path: Path, studies: Path) -> None:
    parser = argparse.ArgumentParser()
    command.add_parsers(parser.add_subparsers())
    words = ["humor-student", str(studies), "--output", str(tmp_path), "--device", "cpu"]
    args = parser.parse_args(["evaluate", *words, "--subsets", "full", "--studies", "patient0"])
    args.run(args)
    scores = read_scores(tmp_path / "scores.csv")
    assert {(score.study, score.subset) for score in scores} == {("patient0", "+".join(SEQUENCES))}
    assert set(scores[0].values) == set(MEASURES)
    args = parser.parse_args(["evaluate", *words, "--studies", "nobody"])
    with pytest.raises(UsageError, match="no study called nobody"):
        args.run(args)
