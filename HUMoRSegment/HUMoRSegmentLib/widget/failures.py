"""Turning whatever went wrong into a sentence for the panel."""

from __future__ import annotations

import logging

from slicer.i18n import tr as _

from humor.errors import HumorError


def sentence(error: Exception) -> str:
    """What to tell the user. What was not foreseen is also logged in full."""
    if isinstance(error, HumorError):
        return str(error)
    logging.getLogger(__name__).error("Unexpected failure", exc_info=error)
    return _("Something unexpected went wrong ({kind}: {error}). The Python console has the details.").format(
        kind=type(error).__name__, error=error
    )
