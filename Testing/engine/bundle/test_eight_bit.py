from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.bundle.eight_bit import LIMIT, compress, restore
from humor.bundle.load import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.errors import BundleError


def some_weights() -> dict[str, np.ndarray]:
    chance = np.random.default_rng(0)
    return {
        "wide.weight": chance.normal(size=(256, 96)).astype(np.float32) * np.logspace(-6, 1, 256)[:, None],
        "conv.weight": chance.normal(size=(64, 16, 3, 3, 3)).astype(np.float32),
        "norm.bias": chance.normal(size=64).astype(np.float32),
        "steps": np.arange(4),
    }


def test_rounding_stays_within_half_a_level_of_each_channel() -> None:
    weights = some_weights()
    found = restore(compress(weights))
    assert found.keys() == weights.keys()
    for name in ("wide.weight", "conv.weight"):
        rows, again = (array.reshape(len(array), -1) for array in (weights[name], found[name]))
        level = np.maximum(np.abs(rows).max(axis=1, keepdims=True), np.finfo(np.float16).tiny) / 127
        assert found[name].shape == weights[name].shape
        # Half precision of the limit adds up to 2^-11 of it at the ends.
        assert (np.abs(again - rows) <= level * (0.5 + 127 * 2.0**-11)).all()
        assert np.abs(again - rows).max() > 0


def test_small_tensors_and_integers_are_kept_exactly() -> None:
    weights = some_weights()
    stored = compress(weights)
    assert stored["wide.weight"].dtype == np.int8 and "norm.bias" + LIMIT not in stored
    found = restore(stored)
    for name in ("norm.bias", "steps"):
        assert (found[name] == weights[name]).all()


def test_a_channel_of_zeros_stays_zero() -> None:
    weights = some_weights()
    weights["conv.weight"][3] = 0.0
    assert (restore(compress(weights))["conv.weight"][3] == 0.0).all()


def test_limits_that_do_not_fit_are_refused() -> None:
    stored = compress(some_weights())
    with pytest.raises(BundleError, match="do not fit"):
        restore({**stored, "conv.weight" + LIMIT: np.ones(3, np.float16)})
    with pytest.raises(BundleError, match="belongs to no tensor"):
        restore({"lost" + LIMIT: np.ones(3, np.float16)})


def test_a_bundle_in_eight_bits_gives_its_weights_back(tmp_path: Path) -> None:
    weights = some_weights()
    manifest = Manifest("small", "Small", "teacher", {"name": "humor_teacher"})
    save_bundle(tmp_path / "small", manifest, compress(weights))
    bundle = load_bundle(tmp_path / "small")
    found, expected = bundle.weights(), restore(compress(weights))
    np.testing.assert_array_equal(found["conv.weight"], expected["conv.weight"])
    half = sum(array.size * 2 for array in weights.values())
    assert bundle.size < 0.56 * half
