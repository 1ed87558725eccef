"""Find the labelled studies of a data set, whatever its layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from humor.errors import InputError, UsageError

from .labelled_study import FoundStudies
from .layouts.dataset_json import DECATHLON, NNUNET
from .layouts.folders import BRATS_2018, BRATS_2023, PLAIN
from .layouts.lists import LIST_SUFFIXES, find_by_pattern, read_list

FOLDER_LAYOUTS = {layout.name: layout for layout in (PLAIN, BRATS_2018, BRATS_2023, DECATHLON, NNUNET)}
AUTOMATIC = "auto"
SHOWN = 4  # names in a message

WAYS_OUT = (
    "Ways out: name the files as in one of these layouts; or write a CSV or JSON list with the columns "
    "patient, t1, t1c, t2, flair, label; or a JSON file with the pattern of your names, for example "
    '{"root": "FOLDER", "pattern": "{patient}/scan_{sequence}.nii.gz", "names": {"t1c": "post", '
    '"label": "tumour"}}, and give that file in place of the folder.'
)


def find_studies(data: Path, layout: str = AUTOMATIC) -> FoundStudies:
    """The labelled studies of a folder, of a list or of a description by pattern.

    Args:
        data: a folder, or a ``.csv`` or ``.json`` file.
        layout: ``auto``, the name of a layout, or a pattern with ``{patient}`` and ``{sequence}``.

    Raises:
        InputError: there is no labelled study, names are not unique, a list cannot be read, or several
            layouts fit.
        UsageError: no layout has this name.
    """
    if data.is_file():
        if data.suffix.lower() not in LIST_SUFFIXES:
            raise InputError(f"{data}: a list of studies must end in {' or '.join(LIST_SUFFIXES)}.")
        found = read_list(data)
    elif not data.is_dir():
        raise InputError(f"{data} does not exist. Check the path of the data.")
    elif "{" in layout:
        found = find_by_pattern(data, layout)
    else:
        found = _in_folder(data, layout)
    if not found.studies:
        raise InputError(_nothing(data, [found]))
    _refuse_unusable_names(data, found)
    return found


def _in_folder(folder: Path, layout: str) -> FoundStudies:
    if layout not in (AUTOMATIC, *FOLDER_LAYOUTS):
        raise UsageError(
            f"--layout {layout}: no such layout. There are {', '.join((AUTOMATIC, *FOLDER_LAYOUTS))}, "
            "or a pattern such as '{patient}/scan_{sequence}.nii.gz'."
        )
    chosen = [layout] if layout != AUTOMATIC else list(FOLDER_LAYOUTS)
    found = [result for name in chosen if (result := FOLDER_LAYOUTS[name].find(folder))]
    fitting = [result for result in found if result.studies]
    if len(fitting) > 1:
        counts = ", ".join(f"{len(result.studies)} studies as {result.layout}" for result in fitting)
        raise InputError(
            f"{folder} holds several layouts: {counts}. Put them into folders of their own, or give one list "
            "of all of them."
        )
    if not fitting:
        raise InputError(_nothing(folder, found))
    return fitting[0]


def _nothing(data: Path, found: Iterable[FoundStudies]) -> str:
    """What is there instead of labelled studies."""
    for result in found:
        if result.unlabelled:
            return (
                f"{data}: {len(result.unlabelled)} studies ({_listed(result.unlabelled)}) were found as "
                f"{result.layout}, but none has a label map. Add the label maps: "
                f"{_example(result.layout)}. {WAYS_OUT}"
            )
    there = sorted(path.name for path in data.iterdir()) if data.is_dir() else []
    holds = f"It holds {len(there)} entries ({_listed(there)})." if there else "It is empty."
    layouts = "; ".join(f"{name}: {kind.example}" for name, kind in FOLDER_LAYOUTS.items())
    return f"{data}: no labelled study was found. {holds} Known layouts: {layouts}. {WAYS_OUT}"


def _example(layout: str) -> str:
    return FOLDER_LAYOUTS[layout].example if layout in FOLDER_LAYOUTS else "column or name 'label'"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:SHOWN]) + (", ..." if len(every) > SHOWN else "")


def _refuse_unusable_names(data: Path, found: FoundStudies) -> None:
    if bad := [study.name for study in found.studies if Path(study.name).name != study.name]:
        raise InputError(f"{data}: {_listed(bad)} cannot be names of files. Use names without slashes.")
    counts = Counter(study.name for study in found.studies)
    if twice := sorted(name for name, count in counts.items() if count > 1):
        raise InputError(
            f"{data}: {_listed(twice)} stand for more than one study each. Rename them, or write a list "
            "with a column study."
        )
