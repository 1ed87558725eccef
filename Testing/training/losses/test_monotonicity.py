from __future__ import annotations

import torch

from humor_training.losses.auxiliary import monotonicity_loss, sequences_in, superset

GIVEN = torch.tensor([[True, False, False, False], [True, True, True, True]])
PRESENT = torch.tensor([[True, False, True, True], [True, True, True, True]])


def test_a_superset_has_one_more_of_the_present_sequences() -> None:
    for step in range(5):
        more = superset(GIVEN, PRESENT, step)
        assert (more & ~PRESENT).sum() == 0 and (GIVEN & ~more).sum() == 0
        assert more[0].sum() == 2 and more[1].all()
    assert not torch.equal(superset(GIVEN, PRESENT, 0), superset(GIVEN, PRESENT, 1))


def test_what_is_in_an_image_is_seen() -> None:
    image = torch.zeros(2, 4, 4, 4, 4)
    image[0, 1, 2, 2, 2] = -1.0
    image[1, 3] = 0.5
    expected = torch.tensor([[False, True, False, False], [False, False, False, True]])
    assert torch.equal(sequences_in(image), expected)


def test_only_being_worse_with_more_costs_and_only_the_richer_answer_is_moved() -> None:
    more, fewer = torch.tensor(0.7, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    loss = monotonicity_loss(more, fewer)
    torch.testing.assert_close(loss.detach(), torch.tensor(0.2))
    loss.backward()
    assert more.grad == 1.0 and fewer.grad is None
    assert monotonicity_loss(torch.tensor(0.4), torch.tensor(0.5)) == 0.0
