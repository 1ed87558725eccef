from __future__ import annotations

from dataclasses import replace

import pytest

from humor.study.acquisition import Acquisition, sequence_of


def facts(
    tr: float | None, te: float | None, ti: float | None, scanning: str, agent: str = ""
) -> Acquisition:
    return Acquisition(tr, te, ti, agent, scanning=frozenset(scanning.split()), modality="MR")


# Values as scanners write them for common brain protocols.
PROTOCOLS = {
    "spin echo T1": (facts(500, 12, None, "SE"), "t1"),
    "spin echo T1 at 3 T": (facts(700, 9.2, None, "SE"), "t1"),
    "T1 SPACE": (facts(700, 23, None, "SE"), "t1"),
    "MPRAGE": (facts(2300, 2.98, 900, "GR IR"), "t1"),
    "BRAVO, which gives the read-out's TR": (facts(8.2, 3.2, 450, "GR"), "t1"),
    "T1-FLAIR": (facts(2200, 24, 860, "SE IR"), "t1"),
    "turbo spin echo T2": (facts(4000, 100, None, "SE"), "t2"),
    "T2 SPACE": (facts(3200, 408, None, "SE"), "t2"),
    "2-D FLAIR at 1.5 T": (facts(9000, 119, 2500, "SE IR"), "flair"),
    "3-D FLAIR": (facts(5000, 388, 1800, "SE IR"), "flair"),
    "3-D FLAIR at 3 T": (facts(4800, 280, 1650, "SE IR"), "flair"),
    "STIR": (facts(4000, 60, 150, "SE IR"), "other"),
    "proton density": (facts(3000, 15, None, "SE"), "other"),
    "T2*": (facts(600, 20, None, "GR"), "other"),
    "SWI": (facts(28, 20, None, "GR"), "other"),
    "diffusion": (facts(6000, 90, None, "EP SE"), "other"),
    "localiser or angiography": (facts(20, 3.7, None, "GR"), "unknown"),
    "FLASH of which nothing else is known": (facts(250, 2.5, None, "GR"), "unknown"),
    "inversion without TI": (facts(11000, 125, None, "SE IR"), "unknown"),
    "between T1 and T2": (facts(1200, 45, None, "SE"), "unknown"),
    "nothing": (Acquisition(), "unknown"),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_common_protocols_are_told_by_their_times(name: str) -> None:
    values, sequence = PROTOCOLS[name]
    assert sequence_of(values).kind == sequence


@pytest.mark.parametrize("name", PROTOCOLS)
def test_an_agent_makes_t1_t1c_and_leaves_all_others(name: str) -> None:
    values, sequence = PROTOCOLS[name]
    reading = sequence_of(replace(values, agent="Gadovist"))
    assert reading.kind == ("t1c" if sequence == "t1" else sequence)
    assert ("contrast agent Gadovist" in reading.reason) == (sequence == "t1")


def test_the_reason_gives_the_values() -> None:
    assert sequence_of(facts(9000, 119.4, 2500, "SE IR")).reason == "TR 9000 ms, TE 119 ms, TI 2500 ms"


@pytest.mark.parametrize("kind", ["ADC", "PROJECTION IMAGE", "LOCALIZER", "T1 MAP", "MODULUS SUBTRACT"])
def test_computed_images_are_no_sequence_whatever_their_times(kind: str) -> None:
    values = replace(PROTOCOLS["MPRAGE"][0], image_type=frozenset({"DERIVED", "SECONDARY", kind}))
    assert sequence_of(values).kind == "other"
    assert kind in sequence_of(values).reason


def test_a_reformatted_image_is_still_a_sequence() -> None:
    values = replace(PROTOCOLS["MPRAGE"][0], image_type=frozenset({"DERIVED", "SECONDARY", "MPR"}))
    assert sequence_of(values).kind == "t1"


def test_other_modalities_are_no_sequence() -> None:
    reading = sequence_of(Acquisition(modality="CT"))
    assert (reading.kind, reading.reason) == ("other", "DICOM modality CT")
