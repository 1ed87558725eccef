"""The text header of a MetaImage or NRRD file, checked before ITK sees it.

ITK's readers crash the process on some headers (``NDims = 99``, ``%s`` in a data file's name), follow
data files to any path, device or pipe, and allocate whatever sizes a header claims.
"""

from __future__ import annotations

import math
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from ..errors import InputError
from .packed import refuse_excess

META_SUFFIXES = (".mha", ".mhd")
_LONGEST = 1 << 16  # bytes of a text header
_DIMENSIONS = (1, 4)
_MOST_VOXELS = 1 << 40
_DEFLATE = 1040  # zlib and gzip pack at most this many bytes into one
_BYTES_META = {
    **{f"MET_{kind}CHAR": 1 for kind in ("", "U")},
    **{f"MET_{kind}SHORT": 2 for kind in ("", "U")},
    **{f"MET_{kind}INT": 4 for kind in ("", "U")},
    **{f"MET_{kind}LONG": 4 for kind in ("", "U")},
    **{f"MET_{kind}LONG_LONG": 8 for kind in ("", "U")},
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}
_BYTES_NRRD = {
    **dict.fromkeys(("signed char", "int8", "int8_t", "uchar", "unsigned char", "uint8", "uint8_t"), 1),
    **dict.fromkeys(("short", "short int", "signed short", "signed short int", "int16", "int16_t"), 2),
    **dict.fromkeys(("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"), 2),
    **dict.fromkeys(("int", "signed int", "int32", "int32_t"), 4),
    **dict.fromkeys(("uint", "unsigned int", "uint32", "uint32_t", "float"), 4),
    **dict.fromkeys(("longlong", "long long", "long long int", "signed long long", "int64", "int64_t"), 8),
    **dict.fromkeys(("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"), 8),
    "double": 8,
}
_META_LISTS = {"TransformMatrix": 2, "Rotation": 2, "Orientation": 2} | dict.fromkeys(
    ("Offset", "Position", "Origin", "CenterOfRotation", "ElementSpacing", "ElementSize"), 1
)  # field → its length, as a power of NDims
_DENSEST = {"raw": 1, "gzip": _DEFLATE, "gz": _DEFLATE, "bzip2": 45_000, "bz2": 45_000, "hex": 0.5}
_TEXT_ENCODINGS = ("ascii", "text", "txt")
_LONGEST_NUMBER = 32  # characters of a number in a text, with what lies between two
_MILLIMETRES = ("mm", "millimeter", "millimetre", "")


@dataclass(frozen=True)
class Packed:
    """Compressed voxels.

    Attributes:
        source: the file that holds them.
        begin: the byte at which they begin.
        lines: that are left out from there on.
        needed: bytes that they unpack to.
    """

    source: Path
    begin: int
    lines: int
    needed: int


@dataclass(frozen=True)
class ItkHeader:
    """What a checked header says that ITK does not pass on.

    Attributes:
        oriented: whether it says how the image lies in the patient.
        units: of its lengths where they are not millimetres, else "".
        packed: where voxels are that are packed with gzip or zlib; None for all others.
    """

    oriented: bool
    units: str = ""
    packed: Packed | None = None


def check_header(path: Path) -> ItkHeader:
    """Read and check the text header of a ``.mha``, ``.mhd``, ``.nrrd`` or ``.nhdr`` file.

    Raises:
        InputError: the header is not one of a single image with plain values, its data file is not a
            plain file beside it, or the data file is too small for the sizes it claims.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LONGEST)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Check its permissions.") from error
    return (_check_meta if path.name.lower().endswith(META_SUFFIXES) else _check_nrrd)(path, start)


def _check_meta(path: Path, start: bytes) -> ItkHeader:
    fields, length = _meta_fields(path, start)
    if fields.get("ObjectType", "Image") != "Image":
        _refuse(path, f"it holds a {fields['ObjectType']}, not an image")
    dimensions = _integers(path, "NDims", fields.get("NDims", ""), 1)[0]
    _check_dimensions(path, "NDims", dimensions)
    sizes = _integers(path, "DimSize", fields.get("DimSize", ""), dimensions)
    for name, power in _META_LISTS.items():
        if name in fields:
            _numbers(path, name, fields[name], dimensions**power)
    kind = fields.get("ElementType", "")
    if kind not in _BYTES_META:
        _refuse(path, f"its ElementType is {kind!r}, which is not one real number per voxel")
    channels = _integers(path, "ElementNumberOfChannels", fields.get("ElementNumberOfChannels", "1"), 1)[0]
    needed = _voxels(path, [*sizes, channels]) * _BYTES_META[kind]
    source, attached = _data_file(path, fields["ElementDataFile"], local="LOCAL")
    there = source.stat().st_size - (length if attached else 0)
    packed = fields.get("CompressedData", "False").lower() in ("true", "1")
    skip = _integers(path, "HeaderSize", fields.get("HeaderSize", "0"), 1, lowest=-1)[0]
    if "CompressedDataSize" in fields and packed:
        claimed = _integers(path, "CompressedDataSize", fields["CompressedDataSize"], 1)[0]
        _check_size(path, source, there, claimed)
    _check_size(path, source, there - max(skip, 0), needed, _DEFLATE if packed else 1)
    oriented = any(name in fields for name in ("TransformMatrix", "Rotation", "Orientation"))
    begin = (length if attached else 0) + max(skip, 0)
    return ItkHeader(oriented, packed=Packed(source, begin, 0, needed) if packed else None)


def _meta_fields(path: Path, start: bytes) -> tuple[dict[str, str], int]:
    """The header's fields, and how many bytes it takes."""
    fields: dict[str, str] = {}
    position = 0
    while "ElementDataFile" not in fields:
        end = start.find(b"\n", position)
        if end < 0:
            _refuse(path, "its text header has no end (no ElementDataFile)")
        line = start[position:end].decode("latin-1").strip()
        position = end + 1
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not re.fullmatch(r"[\x21-\x7e]+", name):
            _refuse(path, "its text header is not one of MetaImage")
        if name in fields:
            _refuse(path, f"its header says {name} twice")
        fields[name] = value
    return fields, position


def _check_nrrd(path: Path, start: bytes) -> ItkHeader:
    if not re.match(rb"NRRD000[1-5]\r?\n", start):
        _refuse(path, "it does not begin as NRRD files do")
    fields, length, detached = _nrrd_fields(path, start)
    dimensions = _integers(path, "dimension", fields.get("dimension", ""), 1)[0]
    _check_dimensions(path, "dimension", dimensions)
    sizes = _integers(path, "sizes", fields.get("sizes", ""), dimensions)
    kind = fields.get("type", "").lower()
    if kind not in _BYTES_NRRD:
        _refuse(path, f"its type is {kind!r}, which is not one real number per voxel")
    if "spacings" in fields:
        _numbers(path, "spacings", fields["spacings"], dimensions, nan=True)
    with_time = "time" in fields.get("space", "").lower()
    axes = _integers(path, "space dimension", fields.get("space dimension", "4" if with_time else "3"), 1)[0]
    for name in ("space directions", "space origin"):
        for vector in re.findall(r"\(([^)]*)\)", fields.get(name, "")):
            _numbers(path, name, vector.replace(",", " "), axes)
    encoding = fields.get("encoding", "").lower()
    source, attached = _data_file(path, detached, local="") if detached else (path, True)
    there = source.stat().st_size - (length if attached else 0)
    skip = _integers(path, "byte skip", fields.get("byte skip", fields.get("byteskip", "0")), 1, lowest=-1)[0]
    lines = _integers(path, "line skip", fields.get("line skip", fields.get("lineskip", "0")), 1, lowest=0)[0]
    voxels = _voxels(path, sizes)
    if encoding in _TEXT_ENCODINGS:
        _check_size(path, source, there, 2 * voxels - 1, most=_LONGEST_NUMBER / 2)
    elif encoding in _DENSEST:
        there -= max(skip, 0) if encoding == "raw" else 0
        most = 3 if encoding == "hex" else 1
        _check_size(path, source, there, voxels * _BYTES_NRRD[kind], _DENSEST[encoding], most)
    else:
        _refuse(path, f"its encoding {encoding!r} is not known")
    units = " ".join(set(re.findall(r'"([^"]*)"', fields.get("space units", ""))) - set(_MILLIMETRES))
    packed = None
    if encoding in ("gzip", "gz"):
        needed = voxels * _BYTES_NRRD[kind] + max(skip, 0)
        packed = Packed(source, length if attached else 0, lines, needed)
    return ItkHeader("space" in fields and "space directions" in fields, units, packed)


def _nrrd_fields(path: Path, start: bytes) -> tuple[dict[str, str], int, str]:
    """The header's fields, how many bytes it takes, and the name of its data file ("": attached)."""
    fields: dict[str, str] = {}
    position = start.find(b"\n") + 1
    while True:
        end = start.find(b"\n", position)
        if end < 0:
            if len(start) == _LONGEST:
                _refuse(path, "its text header has no end")
            end = len(start)  # a detached header may end with the file
        line = start[position:end].decode("latin-1").strip("\r")
        position = end + 1
        if not line:
            break
        if line.startswith("#") or ":=" in line:
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not re.fullmatch(r"[\w ]+", name):
            _refuse(path, "its text header is not one of NRRD")
        if name in fields:
            _refuse(path, f"its header says {name} twice")
        fields[name] = value.strip()
    detached = [fields[name] for name in ("data file", "datafile") if name in fields]
    if len(detached) > 1:
        _refuse(path, "its header names its data file twice")
    return fields, min(position, len(start)), detached[0] if detached else ""


def _data_file(path: Path, name: str, local: str) -> tuple[Path, bool]:
    """The file that holds the voxels, and whether that is the header's own."""
    if local and name.upper() == local:
        return path, True
    plain = name.removeprefix("./")
    first = plain.split(" ")[0].upper()
    if (
        not plain
        or first in ("LIST", "LIST:")
        or plain in (".", "..")
        or not plain.isprintable()
        or any(sign in plain for sign in '%/\\:*?"<>|')
    ):
        _refuse(path, f"it names {name!r} as the file of its voxels; only a plain file beside it is read")
    source = path.parent / plain
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise InputError(
            f"{path}: the file of its voxels, {source}, cannot be read: {error.strerror}. Copy it there too."
        ) from error
    if not stat.S_ISREG(mode):
        _refuse(path, f"the file of its voxels, {source}, is not a plain file")
    return source, False


def _check_dimensions(path: Path, name: str, value: int) -> None:
    low, high = _DIMENSIONS
    if not low <= value <= high:
        _refuse(path, f"it has {name} {value}; a 3-D image is needed")


def _check_size(
    path: Path, source: Path, there: int, needed: float, densest: float = 1, most: float = 1
) -> None:
    if there * densest < needed:
        raise InputError(
            f"{path} is truncated or damaged: its header claims {needed:.0f} bytes of voxels, which the "
            f"{max(there, 0)} bytes of {source.name} cannot hold. Copy or export it again."
        )
    refuse_excess(source, there, int(needed * most))


def _voxels(path: Path, sizes: list[int]) -> int:
    count = math.prod(sizes)
    if count > _MOST_VOXELS:
        _refuse(path, f"its header claims {count} voxels")
    return count


def _integers(path: Path, name: str, text: str, count: int, lowest: int = 1) -> list[int]:
    words = text.split()
    if len(words) != count or not all(re.fullmatch(r"[+-]?\d{1,12}", word) for word in words):
        _refuse(path, f"its {name} is {text!r}; {count} whole numbers are needed")
    values = [int(word) for word in words]
    if min(values) < lowest:
        _refuse(path, f"its {name} is {text!r}; numbers of at least {lowest} are needed")
    return values


def _numbers(path: Path, name: str, text: str, count: int, nan: bool = False) -> None:
    try:
        values = [float(word) for word in text.split()]
    except ValueError:
        values = []
    if len(values) != count or not all(
        math.isfinite(value) or (nan and math.isnan(value)) for value in values
    ):
        _refuse(path, f"its {name} is {text!r}; {count} numbers are needed")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise InputError(f"{path} cannot be read: {reason}. Copy or export it again.")
