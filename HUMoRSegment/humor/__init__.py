"""HUMoR engine: brain tumour segmentation from any subset of T1, T1c, T2 and FLAIR.

``humor.segment`` and ``humor.load_model`` are the front door; see ``humor.api``. Importing this package
loads neither torch nor any other heavy library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import load_model, segment

__version__ = "0.1.0"
__all__ = ["__version__", "load_model", "segment"]


def __getattr__(name: str) -> Any:
    if name in ("load_model", "segment"):
        from . import api

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
