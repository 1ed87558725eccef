"""What the DICOM headers of a volume say about how it was acquired, from Slicer's DICOM database."""

from __future__ import annotations

from typing import Any

import slicer

from humor.study.acquisition import Acquisition, acquisition_of_tags

INSTANCES = "DICOM.instanceUIDs"
"""Attribute in which Slicer keeps the instances that a volume was loaded from."""


def read_facts(node: Any) -> Acquisition | None:
    """The facts of the series that a volume was loaded from; None if they cannot be had.

    That is so for volumes from other files, without a DICOM database (as in headless Python), and
    for instances that were removed from it.
    """
    uids = (node.GetAttribute(INSTANCES) or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if not uids or database is None or not database.isOpen:
        return None
    uid = uids[len(uids) // 2]
    if not database.fileForInstance(uid):
        return None
    return acquisition_of_tags(lambda tag: (database.instanceValue(uid, tag) or "").strip())
