"""Why a run cannot start yet, as one line for the user."""

from __future__ import annotations

from collections.abc import Sequence

from slicer.i18n import tr as _

from humor.sequences import DISPLAY_NAMES

from ..parameters import HUMoRSegmentParameterNode
from .choices import chosen_sequences


def what_is_missing(
    parameters: HUMoRSegmentParameterNode | None, errors: Sequence[str], model_problem: str
) -> str:
    """The first thing that is in the way of a run; empty if nothing is.

    Args:
        parameters: the panel's choices; None while a scene is being closed.
        errors: what the check of the volumes found that cannot be segmented.
        model_problem: why the chosen model cannot be used; empty if it can.
    """
    if parameters is None:
        return _("Open a scene first.")
    given = chosen_sequences(parameters)
    if not given:
        return _("Choose at least one volume: T1, T1c, T2 or FLAIR.")
    if parameters.reference and parameters.reference not in given:
        return _(
            "The result is wanted on the grid of {name}, which is not chosen: choose another grid."
        ).format(name=DISPLAY_NAMES.get(parameters.reference, parameters.reference))
    # Aligning may mend what the check of the volumes found; the engine looks again afterwards.
    return model_problem or (errors[0] if errors and not parameters.register_first else "")
