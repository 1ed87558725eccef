"""``humor-train smoke``: the whole chain in minutes, on made-up patients and tiny networks."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

PATIENTS, SPACING_MM = 4, 3.0


def add_parsers(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "smoke", help="train, distil, evaluate, export and segment, tiny: does everything work here?"
    )
    parser.add_argument("folder", type=Path, help="where everything is written")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda, cuda:N or mps")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Go through the chain by the same commands that users type; the first failure ends it."""
    folder = args.folder
    data, runs, bundle = folder / "data", folder / "runs", folder / "smoke-student"
    _write_patients(data)
    common = ["--data", data, "--cache", folder / "cache"]
    run_on = [*common, "--device", args.device]
    _train("check", data)
    _train("pack", data, folder / "packed")
    _train("fit", "smoke_teacher", *run_on, "--run", runs / "teacher")
    _train("fit", "smoke_student", *run_on, "--run", runs / "student", "--teacher", runs / "teacher")
    _train("fit", "smoke_student", *run_on, "--run", runs / "control")
    title = ["--title", "Smoke test (not for use)"]
    _train("export", bundle, "--run", runs / "student", *title)
    for model, name in ((bundle, "distilled"), (runs / "control", "control")):
        _train("evaluate", model, data, "--output", folder / "scores" / name, "--subsets", "full")
    tables = [folder / "scores" / name / "scores.csv" for name in ("distilled", "control")]
    _train("compare", *tables, "--output", folder / "comparison")
    study = next(path for path in sorted(data.iterdir()) if path.is_dir())
    _call("humor", "segment", study, "--model", bundle, "--output", folder / "segmented", "--device", "cpu")
    print(f"The whole chain works; everything is in {folder}.")


def _write_patients(folder: Path) -> None:
    """Generated patients with labels; the last has no T1."""
    import nibabel

    from humor.sample.patient import generate

    from ..data.layouts.folders import LABEL_FILE

    for seed in range(PATIENTS):
        study, place = generate(seed, spacing=SPACING_MM), folder / f"patient{seed}"
        place.mkdir(parents=True, exist_ok=True)
        for name, image in study.images.items():
            if (seed, name) != (PATIENTS - 1, "t1"):
                nibabel.save(nibabel.Nifti1Image(image, study.affine), place / f"{name}.nii.gz")
        nibabel.save(nibabel.Nifti1Image(study.labels, study.affine), place / LABEL_FILE)


def _train(*words: object) -> None:
    _call("humor_training", *words)


def _call(module: str, *words: object) -> None:
    """One command in a process of its own, as users start it."""
    command = [sys.executable, "-m", module, *map(str, words)]
    print(f"\n$ {' '.join(['python -m', *command[2:]])}", flush=True)
    subprocess.run(command, check=True)
