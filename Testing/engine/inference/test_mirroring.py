from __future__ import annotations

from dataclasses import replace

import numpy as np

from humor.bundle.bundle import Bundle
from humor.events import Event, Reporter
from humor.inference.segmenter import Segmenter
from humor.study.case import Case


def test_a_mirrored_brain_gives_the_mirrored_result(student: Bundle, case: Case) -> None:
    segmenter, plain = Segmenter(student, "cpu", "fp32", mirror=True), Segmenter(student, "cpu", "fp32")
    turned = replace(case, image=np.ascontiguousarray(case.image[..., ::-1]))
    found, other = segmenter.run(case).probabilities, segmenter.run(turned).probabilities
    np.testing.assert_allclose(other, found[..., ::-1], atol=1e-5)
    # Without mirroring the network does not do that by itself, or this test would show nothing.
    one, two = plain.run(case).probabilities, plain.run(turned).probabilities
    assert np.abs(two - one[..., ::-1]).max() > 1e-3
    np.testing.assert_allclose(found[0], (one[0] + two[0, ..., ::-1]) / 2, atol=1e-5)


def test_gates_are_those_of_the_brain_as_it_is_and_the_report_names_mirroring(
    student: Bundle, case: Case
) -> None:
    plain = Segmenter(student, "cpu", "fp32").run(case)
    found = Segmenter(student, "cpu", "fp32", mirror=True).run(case)
    for expected, gate in zip(plain.routing.gates, found.routing.gates, strict=True):
        np.testing.assert_array_equal(gate.weights, expected.weights)
    assert "mirrored" in found.device and "mirrored" not in plain.device


def test_progress_covers_both_runs(student: Bundle, case: Case) -> None:
    events: list[Event] = []
    reporter = Reporter(events.append, {"segment": 1.0})
    reporter.stage("segment")
    Segmenter(student, device="cpu", window="64", mirror=True).run(case, reporter)
    shares = [event.fraction for event in events if event.fraction is not None]
    assert (
        shares == sorted(shares)
        and any(share < 0.5 for share in shares)
        and any(share > 0.5 for share in shares)
    )
