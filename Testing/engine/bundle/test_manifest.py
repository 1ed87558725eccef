from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from humor.bundle.manifest import FORMAT_VERSION, Manifest
from humor.errors import BundleError


def edited(manifest: Manifest, **changes: Any) -> str:
    return json.dumps(json.loads(manifest.to_json()) | changes)


def test_what_is_written_is_what_is_read(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json(), "here") == manifest


def test_the_same_facts_give_the_same_text(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json(), "here").to_json() == manifest.to_json()


@pytest.mark.parametrize("version", [FORMAT_VERSION + 1, FORMAT_VERSION - 1, "1", True, None])
def test_another_format_version_is_refused(manifest: Manifest, version: object) -> None:
    with pytest.raises(BundleError, match=r"bundle\.json.*version"):
        Manifest.from_json(edited(manifest, format_version=version), "bundle.json")


def test_a_newer_format_asks_for_an_update(manifest: Manifest) -> None:
    with pytest.raises(BundleError, match="Update HUMoR"):
        Manifest.from_json(edited(manifest, format_version=FORMAT_VERSION + 1), "bundle.json")


def test_an_unknown_entry_is_named(manifest: Manifest) -> None:
    with pytest.raises(BundleError, match="unknown entries: 'threshold'"):
        Manifest.from_json(edited(manifest, threshold=0.5), "bundle.json")


def test_a_missing_entry_is_named(manifest: Manifest) -> None:
    facts = json.loads(manifest.to_json())
    del facts["architecture"]
    with pytest.raises(BundleError, match="missing entries: 'architecture'"):
        Manifest.from_json(json.dumps(facts), "bundle.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"spacing_mm": NaN}', b"\xff\xfe\x00", "[" * 100_000]
)
def test_what_is_not_a_description_is_refused(text: str | bytes) -> None:
    with pytest.raises(BundleError, match=r"there/bundle\.json"):
        Manifest.from_json(text, "there/bundle.json")


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("name", "../evil"),
        ("name", "Upper"),
        ("name", "nul"),
        ("name", ".hidden"),
        ("name", 3),
        ("title", ""),
        ("title", "red\x1b[31m"),
        ("architecture", {"dim": 240}),
        ("architecture", "unetr"),
        ("architecture", {"name": "nosuch"}),
        ("architecture", {"name": ["humor_student"]}),
        ("sequences", ["t1c", "t1"]),
        ("sequences", []),
        ("sequences", "t1"),
        ("sequences", ["t1", "t3"]),
        ("sequences", ["flair"]),
        ("sequences", ["t2", "t1", "t1c", "flair"]),
        ("regions", ["ET", "WT"]),
        ("regions", ["WT", "TC"]),
        ("spacing_mm", 0),
        ("spacing_mm", 10**400),
        ("spacing_mm", 1e-9),
        ("spacing_mm", "1"),
        ("spacing_mm", True),
        ("normalisation", {}),
        ("normalisation", {"name": "minmax"}),
        ("normalisation", {"name": "zscore_in_brain", "clip": 5}),
        ("thresholds", {"WT": 0.5}),
        ("thresholds", {"WT": 0.5, "TC": 0.5, "ET": 1.5}),
        ("thresholds", [0.5, 0.5, 0.5]),
        ("min_component_ml", -1),
        ("window", [96, 96]),
        ("window", [96, 96, 96.5]),
        ("window", [95, 96, 96]),
        ("window", [10**400, 96, 96]),
        ("window", 96),
        ("files", {"../x": "0" * 64}),
        ("files", {"a/b": "0" * 64}),
        ("files", {"a\\b": "0" * 64}),
        ("files", {"bundle.json": "0" * 64}),
        ("files", {"nul.bin": "0" * 64}),
        ("files", {"README.md": "0" * 64}),
        ("files", {"x.bin": "0" * 63}),
        ("files", {"x.bin": None}),
        ("graph", None),
        ("graph", {"xml": ["x"], "constants": {}, "gates": 12}),
        ("graph", {"xml": "x", "constants": "y", "gates": 10**400}),
        ("training", {"deep": json.loads("[" * 900 + "]" * 900)}),
        ("training", {"a": "\ud800"}),
        ("training", {"a": 10**400}),
        ("citations", [1]),
        ("validation", {"validation": {"t1c+t1": {"WT": 0.5}}}),
        ("validation", {"validation": {"t1": {"XX": 0.5}}}),
        ("validation", {"validation": {"t1": {"WT": 85.0}}}),
        ("validation", {"validation": {"t1": 0.5}}),
        ("created", 2025),
    ],
)
def test_a_wrong_value_is_refused_and_its_entry_named(manifest: Manifest, entry: str, value: object) -> None:
    with pytest.raises(BundleError, match=f"bundle.json: {entry}"):
        Manifest.from_json(edited(manifest, **{entry: value}), "bundle.json")


def test_wrong_values_are_refused_in_python_too(manifest: Manifest) -> None:
    with pytest.raises(BundleError, match="spacing_mm must be millimetres from"):
        replace(manifest, spacing_mm=-1.0)


def test_what_json_cannot_hold_is_refused_on_writing(manifest: Manifest) -> None:
    with pytest.raises(BundleError, match="cannot be written"):
        replace(manifest, training={"hours": float("nan")}).to_json()
    with pytest.raises(BundleError, match="cannot be written"):
        replace(manifest, training={"what": object()}).to_json()
