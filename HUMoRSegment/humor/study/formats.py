"""Which file names are images, by their endings. Imports nothing, so that names are read quickly."""

from __future__ import annotations

import os
from pathlib import Path

NIFTI_SUFFIXES = (".nii", ".nii.gz")
ITK_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd")
FREESURFER_SUFFIXES = (".mgz", ".mgh")
PAIR_SUFFIXES = (".img", ".img.gz")
"""Voxels of an image whose header is a file beside them (NIfTI pairs, SPM, Analyze)."""
HEADER_SUFFIXES = (".hdr", ".hdr.gz")
IMAGE_SUFFIXES = NIFTI_SUFFIXES + ITK_SUFFIXES + FREESURFER_SUFFIXES + PAIR_SUFFIXES

# What lies beside images and is none: facts, tables, texts, pictures, programs, transforms.
COMPANION_SUFFIXES = (
    *(".json", ".txt", ".csv", ".tsv", ".bval", ".bvec", ".bvals", ".bvecs", ".md", ".rst", ".pdf"),
    *(".html", ".htm", ".css", ".log", ".xml", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf"),
    *(".doc", ".docx", ".odt", ".xls", ".xlsx", ".ods", ".ppt", ".pptx", ".py", ".ipynb", ".sh"),
    *(".bat", ".r", ".m", ".mat", ".tfm", ".xfm", ".lta", ".png", ".jpg", ".jpeg", ".gif", ".svg"),
    *(".webp", ".bmp", ".mrml", ".mrb", ".sha256", ".md5", ".raw", ".zraw", ".lock", ".db"),
    *(".sqlite", ".ctbl"),
)


def image_suffix(name: str) -> str:
    """The ending of a supported image with which a name ends, in small letters; empty if it has none."""
    lower = name.lower()
    return max((suffix for suffix in IMAGE_SUFFIXES if lower.endswith(suffix)), key=len, default="")


def is_image_file(path: Path) -> bool:
    """Whether the file's name ends like a supported image."""
    return bool(image_suffix(path.name))


def stem(name: str) -> str:
    """The file's name without its image ending."""
    return name[: len(name) - len(image_suffix(name))]


def header_of(voxels: Path) -> Path | None:
    """The header beside the voxels of a pair, in whatever spelling it is there; None if there is none."""
    base = stem(voxels.name)
    for suffix in HEADER_SUFFIXES:
        for ending in (suffix, suffix.upper()):
            if os.path.isfile(header := voxels.with_name(base + ending)):
                return header
    return None
