from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humor.errors import InputError
from humor_training.data import labelled_case as case_file
from humor_training.data.coding import TOLERANCE
from humor_training.data.labelled_case import LabelledCase, read_about, read_case, write_case


def test_a_case_comes_back_within_the_tolerance_and_its_labels_and_brain_exactly(
    made_up_case: LabelledCase, tmp_path: Path
) -> None:
    path = tmp_path / "x.case.npz"
    write_case(path, made_up_case, {})
    case = read_case(path)
    assert (case.name, case.patient) == ("a case", "p")
    assert case.image.dtype == np.float16 and case.labels.dtype == np.uint8
    assert case.available.tolist() == [False, True, True, True]
    np.testing.assert_array_equal(case.labels, made_up_case.labels)
    np.testing.assert_array_equal(case.image != 0, made_up_case.image != 0)
    off = np.abs(case.image.astype(float) - made_up_case.image.astype(float))
    assert TOLERANCE / 2 < off.max() < TOLERANCE + 0.002


def test_the_stated_errors_are_the_real_ones(made_up_case: LabelledCase, tmp_path: Path) -> None:
    path = tmp_path / "x.case.npz"
    write_case(path, made_up_case, {"key": [1, "a"]})
    about, case = read_about(path), read_case(path)
    assert about["origin"] == {"key": [1, "a"]}
    assert set(about["sequences"]) == {"t1c", "t2", "flair"}
    off = np.abs(case.image[2].astype(float) - made_up_case.image[2].astype(float))[case.image[2] != 0]
    assert about["sequences"]["t2"]["max_error"] == pytest.approx(off.max(), abs=1e-4)
    assert about["sequences"]["t2"]["mean_error"] == pytest.approx(off.mean(), abs=1e-4)


def test_an_available_sequence_that_shows_nothing_stays_available(
    made_up_case: LabelledCase, tmp_path: Path
) -> None:
    write_case(tmp_path / "x", replace(made_up_case, available=np.ones(4, bool)), {})
    case = read_case(tmp_path / "x")
    assert case.available.all() and not case.image[0].any()


@pytest.mark.parametrize("keep", [0, 100, -1000, -1])
def test_a_cut_off_file_is_refused_by_name(made_up_case: LabelledCase, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.case.npz"
    write_case(path, made_up_case, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"cut\.case\.npz"):
        read_case(path)


def test_a_changed_byte_is_noticed(made_up_case: LabelledCase, tmp_path: Path) -> None:
    path = tmp_path / "x.case.npz"
    write_case(path, made_up_case, {})
    content = bytearray(path.read_bytes())
    content[content.index(b"t2_small.npy") + 200] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"not a whole packed case"):
        read_case(path)


def test_another_format_is_refused_with_a_way_out(made_up_case: LabelledCase, tmp_path: Path) -> None:
    path = tmp_path / "x.case.npz"
    write_case(path, made_up_case, {})
    with np.load(path) as arrays:
        content = dict(arrays)
    about = json.loads(content["about"].tobytes()) | {"format": 999}
    content["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **content)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="humor-train pack"):
        read_case(path)


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(
    made_up_case: LabelledCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.case.npz"
    write_case(path, made_up_case, {"try": 1})

    def stop(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(case_file.np, "savez", stop)
    with pytest.raises(OSError, match="disk full"):
        write_case(path, made_up_case, {"try": 2})
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["x.case.npz"]
    assert read_about(path)["origin"] == {"try": 1}
