from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from humor.bundle.bundle import load_bundle
from humor.bundle.manifest import Manifest
from humor.bundle.save import save_bundle
from humor.bundle.weights import (
    LIMIT,
    MAX_SHARD_BYTES,
    check_shapes,
    decode_weights,
    dequantise,
    encode_weights,
    quantise,
    weight_files,
)
from humor.errors import BundleError

HERE = Path("models/small")


def test_floats_are_halved_and_integers_kept(weights: dict[str, np.ndarray]) -> None:
    files = encode_weights(weights)
    assert list(files) == ["model.safetensors"]
    found = decode_weights(files["model.safetensors"], HERE)
    assert set(found) == set(weights)
    assert found["steps"].dtype == np.int64 and found["blocks.0.bias"].dtype == np.float16
    for name, array in weights.items():
        np.testing.assert_array_equal(found[name], array.astype(found[name].dtype))


def test_large_weights_become_pieces_below_the_limit() -> None:
    random = np.random.default_rng(0)
    weights = {f"block{n}": random.standard_normal((300, 500)).astype(np.float16) for n in range(7)}
    files = encode_weights(weights, max_bytes=700_000)
    assert list(files) == [f"model-0000{n}-of-00004.safetensors" for n in (1, 2, 3, 4)]
    assert max(len(data) for data in files.values()) < 700_000
    found = {name: array for data in files.values() for name, array in decode_weights(data, HERE).items()}
    assert all((found[name] == array).all() for name, array in weights.items()) and len(found) == 7


def test_pieces_of_many_small_tensors_stay_below_the_limit_with_their_header() -> None:
    weights = {f"a.rather.long.name.of.a.small.tensor.{n}": np.zeros(1, np.float16) for n in range(2000)}
    files = encode_weights(weights, max_bytes=100_000)
    assert len(files) > 1 and max(len(data) for data in files.values()) < 100_000


def test_the_default_limit_is_below_sixteen_megabytes() -> None:
    weights = {f"block{n}": np.zeros((1000, 1000), np.float32) for n in range(9)}
    assert max(len(data) for data in encode_weights(weights).values()) < MAX_SHARD_BYTES == 16_000_000


def test_encoding_is_the_same_every_time(weights: dict[str, np.ndarray]) -> None:
    assert encode_weights(weights) == encode_weights(weights)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e5])
def test_what_half_precision_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(BundleError, match=r"head\.weight.*half precision"):
        encode_weights({"head.weight": np.array([0.0, value])})


def test_objects_and_nothing_are_refused() -> None:
    with pytest.raises(BundleError, match="only numbers"):
        encode_weights({"x": np.array([{}], object)})
    with pytest.raises(BundleError, match="no weights"):
        encode_weights({})


def test_arrays_in_any_memory_order_are_kept() -> None:
    array = np.arange(24, dtype=np.float32).reshape(2, 3, 4).transpose(2, 0, 1)
    (data,) = encode_weights({"x": array}).values()
    np.testing.assert_array_equal(decode_weights(data, HERE)["x"], array)


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"\x80\x04K\x01.", b"\xff" * 8 + b"{}", b"\x02" + bytes(7) + b"{]"]
)
def test_what_is_no_safetensors_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"models/small.*readable weights"):
        decode_weights(data, HERE)


def test_weight_files_are_told_from_others_and_in_order() -> None:
    pieces = ["model-00002-of-00002.safetensors", "openvino.xml", "model-00001-of-00002.safetensors"]
    assert weight_files(pieces, HERE) == sorted(name for name in pieces if name.startswith("model"))
    assert weight_files(["model.safetensors", "x.bin"], HERE) == ["model.safetensors"]


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ([], "model.safetensors"),
        (["model-00002-of-00002.safetensors"], "model-00001-of-00002"),
        (["model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors"], "model-00003-of-00003"),
        (["model-00001-of-00002.safetensors", "model-00002-of-00003.safetensors"], "model-00002-of-00002"),
        (["model.safetensors", "model-00001-of-00001.safetensors"], "model"),
    ],
)
def test_pieces_that_do_not_belong_together_are_refused(files: list[str], missing: str) -> None:
    with pytest.raises(BundleError, match=f"not complete.*{missing}"):
        weight_files(files, HERE)


def test_shapes_that_fit_pass() -> None:
    check_shapes({"a": (2, 3), "b": (4,)}, {"b": (4,), "a": (2, 3)}, HERE)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"a": (2, 3)}, "b is missing"),
        ({"a": (2, 3), "b": (4,), "c": (1,)}, "c is not part of the network"),
        ({"a": (3, 2), "b": (4,)}, r"a has shape \(3, 2\) instead of \(2, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_named(found: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(BundleError, match=f"models/small.*{message}"):
        check_shapes(found, {"a": (2, 3), "b": (4,)}, HERE)


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
    found = dequantise(quantise(weights))
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
    stored = quantise(weights)
    assert stored["wide.weight"].dtype == np.int8 and "norm.bias" + LIMIT not in stored
    found = dequantise(stored)
    for name in ("norm.bias", "steps"):
        assert (found[name] == weights[name]).all()


def test_a_channel_of_zeros_stays_zero() -> None:
    weights = some_weights()
    weights["conv.weight"][3] = 0.0
    assert (dequantise(quantise(weights))["conv.weight"][3] == 0.0).all()


def test_limits_that_do_not_fit_are_refused() -> None:
    stored = quantise(some_weights())
    with pytest.raises(BundleError, match="do not fit"):
        dequantise({**stored, "conv.weight" + LIMIT: np.ones(3, np.float16)})
    with pytest.raises(BundleError, match="belongs to no tensor"):
        dequantise({"lost" + LIMIT: np.ones(3, np.float16)})


def test_a_bundle_in_eight_bits_gives_its_weights_back(tmp_path: Path) -> None:
    weights = some_weights()
    manifest = Manifest("small", "Small", "teacher", {"name": "humor_teacher"})
    save_bundle(tmp_path / "small", manifest, quantise(weights))
    bundle = load_bundle(tmp_path / "small")
    found, expected = bundle.weights(), dequantise(quantise(weights))
    np.testing.assert_array_equal(found["conv.weight"], expected["conv.weight"])
    half = sum(array.size * 2 for array in weights.values())
    assert bundle.size < 0.56 * half
