"""The holistically guided decoder against its formulas, written out place by place."""

from __future__ import annotations

import torch
from torch import Tensor

from humor.networks.lora_moe.network import HolisticDecoder, assemble, codewords

CHANNELS, WORDS = 5, 3


def test_a_codeword_is_the_mean_of_base_maps_where_it_looks() -> None:
    torch.manual_seed(0)
    spatial, base = torch.randn(2, WORDS, 2, 3, 1), torch.randn(2, CHANNELS, 2, 3, 1)
    found = codewords(spatial, base)
    assert found.shape == (2, WORDS, CHANNELS)
    for b in range(2):
        for n in range(WORDS):
            scores = [float(spatial[b, n, i, j, 0].exp()) for i in range(2) for j in range(3)]
            places = [base[b, :, i, j, 0] for i in range(2) for j in range(3)]
            expected = sum(score / sum(scores) * place for score, place in zip(scores, places, strict=True))
            torch.testing.assert_close(found[b, n], expected)


def test_every_place_is_a_mean_of_codewords() -> None:
    torch.manual_seed(0)
    words, coefficients = torch.randn(2, WORDS, CHANNELS), torch.randn(2, WORDS, 4, 1, 2)
    found = assemble(words, coefficients)
    assert found.shape == (2, CHANNELS, 4, 1, 2)
    for b in range(2):
        for i in range(4):
            for k in range(2):
                scores = [float(coefficients[b, n, i, 0, k].exp()) for n in range(WORDS)]
                expected = sum(scores[n] / sum(scores) * words[b, n] for n in range(WORDS))
                torch.testing.assert_close(found[b, :, i, 0, k], expected)


def decoder() -> HolisticDecoder:
    torch.manual_seed(0)
    return HolisticDecoder((6, 7, 8), width=CHANNELS, codewords=WORDS, out=3, stride=4)


def features() -> list[Tensor]:
    return [torch.randn(1, 6, 8, 8, 16), torch.randn(1, 7, 2, 2, 4), torch.randn(1, 8, 1, 1, 2)]


def test_the_decoder_is_its_formula() -> None:
    """Convolutions of one place are matrices; resampling is done by torch, the rest by hand."""
    made, scales = decoder(), features()

    def place_by_place(conv: torch.nn.Module, x: Tensor) -> Tensor:
        weight, bias = conv.weight[:, :, 0, 0, 0], conv.bias  # type: ignore[index, union-attr]
        return torch.einsum("oc,bcdhw->bodhw", weight, x) + bias[:, None, None, None]  # type: ignore[index]

    squeezed = [
        torch.nn.functional.gelu(place_by_place(layers[0], x))  # type: ignore[index]
        for layers, x in zip(made.squeeze, scales, strict=True)
    ]
    blocks = squeezed[0].reshape(1, CHANNELS, 1, 8, 1, 8, 2, 8).mean((3, 5, 7))
    middle = squeezed[1].reshape(1, CHANNELS, 1, 2, 1, 2, 2, 2).mean((3, 5, 7))
    coarse = torch.cat([blocks, middle, squeezed[2]], 1)
    raised = [
        torch.nn.functional.interpolate(x, size=(8, 8, 16), mode="trilinear", align_corners=False)
        for x in squeezed
    ]
    fine = torch.cat(raised, 1)
    base = place_by_place(made.base, coarse)
    spatial = place_by_place(made.spatial, coarse).flatten(2).softmax(-1)
    words = torch.einsum("bnp,bcp->bnc", spatial, base.flatten(2))
    guidance = place_by_place(made.guide, fine) + base.mean((2, 3, 4), keepdim=True)
    shares = place_by_place(made.assembly, guidance).softmax(1)
    assembled = torch.einsum("bnc,bndhw->bcdhw", words, shares)
    logits = place_by_place(made.head, torch.cat([assembled, guidance], 1))
    expected = torch.nn.functional.interpolate(logits, size=(32, 32, 64), mode="trilinear")
    torch.testing.assert_close(made(scales), expected, rtol=1e-4, atol=1e-5)


def test_what_is_learned_per_voxel_is_added_and_starts_at_nothing() -> None:
    made, scales = decoder(), features()
    smooth = made(scales)
    with torch.no_grad():
        made.detail.weight[:, 1, 2, 0, 3] = 1.0
    changed = (made(scales) - smooth)[0].abs().amax(dim=(1, 2, 3)) > 0
    assert changed.tolist() == [False, True, False]
    places = (made(scales) - smooth)[0, 1].nonzero()
    assert (places % 4 == torch.tensor([2, 0, 3])).all()
