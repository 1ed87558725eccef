"""What a gate's numbers mean, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slicer.i18n import tr as _

_AXES = (("R", "L"), ("A", "P"), ("S", "I"))


def source_sentence(source: str) -> str:
    """Whose weights these are.

    Args:
        source: ``learned``, ``distilled``, or empty where it is not known.
    """
    if source == "distilled":
        return _(
            "Distilled from the teacher: this small model has no experts of its own. "
            "It predicts how its teacher would have weighed the teacher's experts on this image."
        )
    if source == "learned":
        return _("Learned: the model itself weighs its experts by these numbers; they add up to 1.")
    return _("This result has no record of experts.")


def weights_sentence(gate: str, ras: Sequence[float], weights: Mapping[str, float]) -> str:
    """A gate's weights at a place, as in “group2/block5 at (R 12, P 8, S 40): expert 1 62 %, …”.

    Args:
        gate: its name.
        ras: in mm; written as Slicer's Data Probe writes it, with the letter of the side.
        weights: expert → 0 to 1.
    """
    place = ", ".join(
        f"{letters[round(value) < 0]} {abs(round(value))}" for letters, value in zip(_AXES, ras, strict=True)
    )
    shares = ", ".join(f"{name} {per_cent(weight)}" for name, weight in weights.items())
    return _("{gate} at ({place}): {shares}").format(gate=gate, place=place, shares=shares)


def per_cent(weight: float) -> str:
    """A weight as a whole number of per cent; small weights that are not nothing are told from 0."""
    share = 100.0 * weight
    return "<1 %" if 0.0005 < share < 0.5 else f"{share:.0f} %"
