"""Headers whose fields hold what no scanner writes: NIfTI-1 and -2, NRRD, MetaImage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from ..case import REFUSED, Case
from ..made_study import image, images, with_flair

KIND = "headers"
NAN, INF = float("nan"), float("inf")

# What is told of an image that is not where the others are, or that holds other numbers, is lawful too.
PLACE = ("flair", "FLAIR", "overlap", "spacing", "Spacing", "axes", "place")

# Field → values; a field with an index after a colon is one element of it.
FIELDS: dict[str, list[float]] = {
    "sizeof_hdr": [0, -1, 349, 2**31 - 1],
    "dim:0": [-1, 0, 1, 2, 4, 7, 8, 300],
    "dim:1": [-1, 0, 1, 79, 81, 30000, 32767],
    "dim:3": [-80, 0, 1, 3, 32767],
    "datatype": [0, 1, 2, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1536, 1792, 2048, 2304, 9999, -4],
    "bitpix": [0, -16, 8, 32767],
    "vox_offset": [NAN, INF, -INF, -1, 0, 8, 347, 348, 351.5, 353, 1e9, 1e30],
    "scl_slope": [NAN, INF, -INF, 0, -1, 1e-300, 1e-38, 1e38, 1e-45],
    "scl_inter": [NAN, INF, 1e38, -1e38, 1e10],
    "qform_code": [-1, 0, 5, 99, 32767],
    "sform_code": [-1, 0, 2, 5, 99],
    "pixdim:0": [0, -1, 5, NAN, INF],
    "pixdim:1": [0, -1, NAN, INF, 1e-30, 1e-5, 1e5, 1e30],
    "pixdim:3": [0, NAN, 25, 1e38],
    "quatern_b": [NAN, 2, -1, INF],
    "qoffset_x": [NAN, INF, 1e30, 1e5],
    "srow_x:0": [NAN, INF, 0, 1e-30, 1e30],
    "srow_x:3": [NAN, INF, 1e30, 1e5],
    "srow_z:2": [0, NAN],
    "xyzt_units": [0, 1, 3, 7, 255],
    "cal_max": [NAN, 1e38],
    "intent_code": [1002, 2003, -1],
    "magic": [0, 1],
}


@cache
def _bytes(two: bool) -> bytes:
    data, affine = images()[0]["flair"], images()[1]
    made = nibabel.Nifti2Image(data, affine) if two else nibabel.Nifti1Image(data, affine)
    made.set_qform(affine, 1)
    return bytes(made.to_bytes())


def _with_field(field: str, value: float, two: bool = False) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        data = bytearray(_bytes(two))
        kind = nibabel.Nifti2Header if two else nibabel.Nifti1Header
        header = np.frombuffer(data, kind.template_dtype, 1).copy()
        name, _, index = field.partition(":")
        with np.errstate(all="ignore"):
            if name == "magic":
                header[name] = b"ni1" if value else b"xyz"
            elif index:
                header[name][0, int(index)] = np.array(value).astype(header[name].dtype)
            else:
                header[name] = np.array(value).astype(header[name].dtype)
        data[: header.nbytes] = header.tobytes()
        path.write_bytes(data)

    return write


_RIGHT, _FRONT, _UP = (images()[1][:3, 3] * (-1, -1, 1)).tolist()  # of the first voxel, as ITK counts
NRRD = (
    "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 80 80 80\n"
    "space directions: (1,0,0) (0,1,0) (0,0,1)\nkinds: domain domain domain\nendian: little\n"
    f"encoding: raw\nspace origin: ({_RIGHT},{_FRONT},{_UP})\n\n"
)
NRRD_CHANGES: dict[str, tuple[str, str]] = {
    "dimension 99": ("dimension: 3", "dimension: 99"),
    "dimension -1": ("dimension: 3", "dimension: -1"),
    "no dimension": ("dimension: 3\n", ""),
    "sizes 0": ("sizes: 80 80 80", "sizes: 0 80 80"),
    "sizes huge": ("sizes: 80 80 80", "sizes: 99999999 99999999 99999999"),
    "sizes negative": ("sizes: 80 80 80", "sizes: -80 80 80"),
    "sizes words": ("sizes: 80 80 80", "sizes: a b c"),
    "type unknown": ("type: short", "type: quaternion"),
    "type block": ("type: short", "type: block"),
    "directions nan": ("(1,0,0)", "(nan,0,0)"),
    "directions none": ("(1,0,0) (0,1,0) (0,0,1)", "none none none"),
    "directions zero": ("(1,0,0)", "(0,0,0)"),
    "directions huge": ("(1,0,0)", "(1e300,0,0)"),
    "encoding unknown": ("encoding: raw", "encoding: rot13"),
    "encoding gzip": ("encoding: raw", "encoding: gzip"),
    "data file device": ("encoding: raw", "encoding: raw\ndata file: /dev/zero"),
    "data file format": ("encoding: raw", "encoding: raw\ndata file: %s%s%n.raw 1 9 1"),
    "data file list": ("encoding: raw", "encoding: raw\ndata file: LIST"),
    "data file above": ("encoding: raw", "encoding: raw\ndata file: ../../../etc/passwd"),
    "line of a megabyte": ("endian", "comment" + "x" * 1_000_000 + ": y\nendian"),
    "byte skip huge": ("encoding: raw", "encoding: raw\nbyte skip: 99999999999999"),
    "byte skip -2": ("encoding: raw", "encoding: raw\nbyte skip: -2"),
    "magic 9": ("NRRD0004", "NRRD0009"),
    "control": ("kinds: domain", "content: \x1b[2J\x07\nkinds: domain"),
}
META = (
    "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nDimSize = 80 80 80\n"
    f"TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = {_RIGHT} {_FRONT} {_UP}\n"
    "ElementSpacing = 1 1 1\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
)
META_CHANGES: dict[str, tuple[str, str]] = {
    "NDims 99": ("NDims = 3", "NDims = 99"),
    "NDims 0": ("NDims = 3", "NDims = 0"),
    "NDims -3": ("NDims = 3", "NDims = -3"),
    "DimSize huge": ("80 80 80", "99999999 99999999 99999999"),
    "DimSize zero": ("80 80 80", "0 80 80"),
    "DimSize short": ("80 80 80", "80 80"),
    "type unknown": ("MET_SHORT", "MET_STRANGE"),
    "type array": ("MET_SHORT", "MET_SHORT_ARRAY"),
    "spacing zero": ("ElementSpacing = 1 1 1", "ElementSpacing = 0 1 1"),
    "spacing nan": ("ElementSpacing = 1 1 1", "ElementSpacing = nan 1 1"),
    "data %s": ("LOCAL", "%s%s%s%s.raw 1 80 1"),
    "data %n": ("LOCAL", "%n%n%n.raw"),
    "data device": ("LOCAL", "/dev/zero"),
    "data random": ("LOCAL", "/dev/urandom"),
    "data list": ("LOCAL", "LIST"),
    "data above": ("LOCAL", "../../../../etc/passwd"),
    "compressed, but not": ("BinaryData = True", "BinaryData = True\nCompressedData = True"),
    "header size": ("BinaryData = True", "BinaryData = True\nHeaderSize = 99999999"),
    "no end": ("ElementDataFile = LOCAL\n", ""),
}


def cases() -> Iterator[Case]:
    """All cases of this kind."""
    for field, values in FIELDS.items():
        for value in values:
            within = None if field.split(":")[0] in ("datatype", "bitpix", "scl_slope", "dim") else 0.1
            yield Case(
                KIND,
                f"{field} = {value:g}",
                with_flair(_with_field(field, value)),
                says=("flair",),
                within=within,
                warns=PLACE,
            )
    for field, value in {
        "dim:1": 2**62,
        "dim:2": 2**40,
        "dim:3": -(2**63),
        "vox_offset": 2**62,
        "pixdim:1": 1e300,
        "scl_slope": 1e300,
        "srow_x:3": 1e300,
    }.items():
        yield Case(
            KIND,
            f"NIfTI-2 {field} = {value:g}",
            with_flair(_with_field(field, value, two=True)),
            says=("flair",),
            within=None if field == "scl_slope" else 0.1,
            warns=PLACE,
        )
    for names, ending, text, changes in (
        ("NRRD", ".nrrd", NRRD, NRRD_CHANGES),
        ("MetaImage", ".mha", META, META_CHANGES),
    ):
        for name, (old, new) in changes.items():
            yield Case(
                KIND,
                f"{names} {name}",
                with_flair(_with_text(text.replace(old, new, 1)), ending),
                says=("flair",),
                within=None,
            )
    yield Case(KIND, "extension longer than the file", with_flair(_with_extension(2**31 - 16)), within=None)
    yield Case(KIND, "extension of no length", with_flair(_with_extension(0)), within=None)
    yield Case(KIND, "extension of negative length", with_flair(_with_extension(-16)), within=None)
    yield Case(KIND, "four volumes", with_flair(_four_volumes), codes=REFUSED, says=("flair",), within=None)


def _with_text(text: str) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(text.encode() + images()[0]["flair"].tobytes(order="F")), None)[1]


def _with_extension(length: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        data = bytearray(_bytes(False))
        data[348:352] = b"\1\0\0\0"
        data[352:352] = np.array([length, 4], np.int32).tobytes() + bytes(8)
        header: Any = np.frombuffer(data, nibabel.Nifti1Header.template_dtype, 1).copy()
        header["vox_offset"] = 368
        data[: header.nbytes] = header.tobytes()
        path.write_bytes(data)

    return write


def _four_volumes(path: Path) -> None:
    made = image("flair")
    nibabel.save(nibabel.Nifti1Image(np.stack([made.dataobj] * 4, axis=-1), made.affine), path)
