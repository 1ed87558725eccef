"""Warnings as data: one table of texts, records that survive a file, other languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from humor.warnings import NOTE, TEXTS, WARNING, from_json, once, text, to_json, warn

ENGINE = Path(__file__).parents[2] / "HUMoRSegment" / "humor"


def test_a_record_has_what_its_text_names() -> None:
    warning = warn("sequence_cut", file="t1.nii", sequence="t1", share=0.5)
    assert str(warning) == (
        "t1.nii (T1) shows only 50% of the brain that the sequences show together: it is cut off, or not "
        "registered to them."
    )
    with pytest.raises(ValueError, match="share"):
        warn("sequence_cut", file="t1.nii", sequence="t1")


def test_sentences_that_name_a_none_are_left_out() -> None:
    values = {"window": (96, 96, 96), "points": None}
    assert "points" not in str(warn("small_windows_fallback", **values))
    assert "25 points" in str(warn("small_windows_fallback", **{**values, "points": 25}))


def test_a_record_survives_a_file() -> None:
    warning = warn("not_skull_stripped", sequences=["t1", "flair"])
    again = from_json(json.loads(json.dumps(to_json(warning))))
    assert again == warning and str(again) == str(warning) and str(again).startswith("T1, FLAIR: ")
    counted = warn("little_brain", volume_ml=np.float32(12.0))
    assert from_json(json.loads(json.dumps(to_json(counted)))) == counted


def test_what_json_cannot_hold_is_named() -> None:
    warning = warn("voxel_size_invalid", file="a.nii", pixdim=[float("nan"), 1.0], taken=[1.0, 1.0])
    facts = json.loads(json.dumps(to_json(warning), allow_nan=False))
    assert facts["values"]["pixdim"] == ["nan", 1.0] and "(pixdim nan, 1.0)" in facts["text"]


def test_a_record_of_another_version_keeps_its_words() -> None:
    facts = {"code": "from_the_future", "level": NOTE, "values": {"x": 1}, "text": "Something new."}
    assert str(from_json(facts)) == "Something new."


def test_another_table_gives_another_language() -> None:
    german = {"t1c_missing": ("T1c fehlt.",)}
    assert text(warn("t1c_missing"), german) == "T1c fehlt."


def test_levels_tell_what_was_done_from_what_is_doubtful() -> None:
    done = warn("registered", file="a", sequence="t1", target="t2", shift_mm=1.0, turn_degrees=2.0)
    assert (done.level, warn("t1c_missing").level) == (NOTE, WARNING)


def test_each_comes_once() -> None:
    one, other = warn("t1c_missing"), warn("no_tumour")
    assert once([one, other, warn("t1c_missing")]) == [one, other]


def test_names_of_files_are_not_read_as_places_for_values() -> None:
    assert "{file} {0}.nii: " in str(warn("nan_background", file="{file} {0}.nii", count=1))


def test_every_text_is_used_and_every_code_has_one() -> None:
    sources = "".join(
        path.read_text(encoding="utf-8") for path in ENGINE.rglob("*.py") if path.stem != "warnings"
    )
    assert [code for code in TEXTS if f'"{code}"' not in sources] == []
    assert set(re.findall(r'\bwarn\(\s*"(\w+)"', sources)) <= set(TEXTS)
