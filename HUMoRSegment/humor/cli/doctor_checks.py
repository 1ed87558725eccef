"""The checks of ``humor doctor``: versions, libraries, devices, memory, disk, models, and a trial run."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import BundleError, HumorError
from ..memory.available import GB, main_memory
from ..memory.shortage import NEEDED_GB

if TYPE_CHECKING:
    from ..study.case import Case

OK, WARN, FAIL = "ok", "warn", "fail"

# Distribution → module to import. What pyproject.toml lists as dependencies (a test compares them).
REQUIRED: dict[str, str] = {
    "numpy": "numpy",
    "nibabel": "nibabel",
    "SimpleITK": "SimpleITK",
    "scipy": "scipy.ndimage",
    "isal": "isal.igzip",
    "openvino": "openvino",
    "safetensors": "safetensors.numpy",
    "pynrrd": "nrrd",
    "matplotlib": "matplotlib",
    "psutil": "psutil",
}
# For the teacher and for GPUs only.
OPTIONAL: dict[str, str] = {"torch": "torch", "monai": "monai"}

MEMORY_EASY = 2.0
DISK_NEEDED = 0.1  # GB: results of one study take up to some tens of MB
DISK_EASY = 2.0
PYTHON_NEEDED = (3, 10)
TORCH_REMEDY = "Install the torch that https://pytorch.org/get-started names for this computer."
_BF16_FLAGS = ("avx512_bf16", "amx_bf16", "bf16")  # the last on Arm
TRIAL_EDGE = 64  # voxels: quick, and a multiple of every network's patch
INSTALL = "Install it with 'humor models import FILE.zip', or install HUMoR again."


@dataclass(frozen=True)
class Check:
    """One line of the self-test.

    Attributes:
        status: ``ok``, ``warn`` (works, but worse than it could) or ``fail``.
        name: what was looked at.
        text: what was found.
        remedy: what to do about it, for ``warn`` and ``fail``.
    """

    status: str
    name: str
    text: str
    remedy: str = ""

    def to_json(self) -> dict[str, str]:
        """As plain JSON has it."""
        return asdict(self)


def all_checks(output: Path, device: str) -> Iterator[Check]:
    """Run every check.

    Args:
        output: the folder whose disk results will go to.
        device: what the trial segmentation runs on, e.g. ``auto``.
    """
    groups: dict[str, Callable[[], Iterator[Check]]] = {
        "versions": check_versions,
        "libraries": check_libraries,
        "cpu": check_cpu,
        "gpu": check_gpus,
        "memory": check_memory,
        "disk": lambda: check_disks(output),
        "models": check_models,
        "trial": lambda: check_trial(device),
    }
    for name, group in groups.items():
        yield from guarded(name, group)


def guarded(name: str, group: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """The checks of a group; whatever goes wrong in it is a failed check."""
    try:
        yield from group()
    except Exception as error:
        text = f"the check itself failed ({type(error).__name__}: {error})"
        yield Check(FAIL, name, text, "Please report this whole output.")


def check_versions() -> Iterator[Check]:
    """HUMoR, Python and the system."""
    yield Check(OK, "humor", f"{__version__} in {Path(__file__).resolve().parents[1]}")
    bits = "64" if sys.maxsize > 2**32 else "32"
    text = f"{platform.python_version()} ({bits} bit) at {sys.executable}"
    if sys.version_info >= PYTHON_NEEDED and bits == "64":
        yield Check(OK, "python", text)
    else:
        yield Check(FAIL, "python", text, "Install a 64-bit Python 3.10 or newer.")
    yield Check(OK, "system", platform.platform())


def check_libraries() -> Iterator[Check]:
    """Import everything once: an installed library may still be broken."""
    from ..inference.openvino_backend import refuse_statistics

    refuse_statistics()
    for name, module in REQUIRED.items():
        remedy = f"python -m pip install --upgrade {name}"
        yield _library(name, module, Check(FAIL, name, "not installed", remedy))
    for name, module in OPTIONAL.items():
        yield _library(name, module, Check(OK, name, "not installed (only for the teacher and for GPUs)"))


def _library(name: str, module: str, missing: Check) -> Check:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return missing
    try:
        importlib.import_module(module)
    except Exception as error:  # whatever a broken library raises
        text = f"{version}, but importing it fails ({type(error).__name__}: {error})"
        return Check(FAIL, name, text, f"python -m pip install --force-reinstall {name}")
    return Check(OK, name, version)


def check_memory() -> Iterator[Check]:
    """Memory of the machine, or of its container or this process if that is less."""
    memory = main_memory()
    text = f"{memory} free"
    if memory.free < NEEDED_GB * GB:
        yield Check(FAIL, "memory", text, f"Close programs until {NEEDED_GB:g} GB are free.")
    elif memory.free < MEMORY_EASY * GB:
        yield Check(WARN, "memory", text, "Close other programs: brains may have to be cut into windows.")
    else:
        yield Check(OK, "memory", text)


def check_disks(output: Path) -> Iterator[Check]:
    """Free space, and whether writing works, where results and temporary files go."""
    yield _disk("output", output)
    yield _disk("temporary", Path(tempfile.gettempdir()))


def _disk(name: str, folder: Path) -> Check:
    """Looked at in the folder itself or, where it will be made later, in the nearest one above."""
    folder = folder.absolute()
    there = next(place for place in (folder, *folder.parents) if os.path.exists(place))
    free = shutil.disk_usage(there).free / GB
    text = f"{free:.1f} GB free in {folder}"
    if not _can_write(there):
        return Check(FAIL, name, f"{folder} cannot be written to", "Choose a folder that is yours.")
    if free < DISK_NEEDED:
        return Check(FAIL, name, text, "Free some space, or choose another disk.")
    if free < DISK_EASY:
        return Check(WARN, name, text, "Enough for some studies; free some space for many.")
    return Check(OK, name, text)


def _can_write(folder: Path) -> bool:
    try:
        handle, path = tempfile.mkstemp(prefix=".humor-", suffix=".partial", dir=folder)
    except OSError:
        return False
    os.close(handle)
    os.unlink(path)
    return True


def check_cpu() -> Iterator[Check]:
    """The processor, its cores, and whether it computes in bfloat16 (2 to 3 times faster)."""
    name, half = _openvino_cpu()
    flags = _cpu_flags()
    cores = f"{len(os.sched_getaffinity(0))} usable of " if hasattr(os, "sched_getaffinity") else ""
    text = f"{name}, {cores}{os.cpu_count()} logical cores"
    shown = ", ".join(flag for flag in _BF16_FLAGS if flag in flags)
    if half or (half is None and shown):
        answer = f"yes ({shown})" if shown else "yes"
    else:
        answer = "no (computes in 32 bits, which takes longer)"
    yield Check(OK, "cpu", f"{text}; bfloat16: {answer}")


def _openvino_cpu() -> tuple[str, bool | None]:
    """Name and bfloat16 support as OpenVINO sees them; support is None where it cannot tell."""
    try:
        from ..inference.openvino_backend import import_openvino

        core = import_openvino().Core()
        name = str(core.get_property("CPU", "FULL_DEVICE_NAME"))
        return name, "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    except Exception:  # check_libraries has said what is wrong with OpenVINO
        return platform.processor() or platform.machine(), None


def _cpu_flags() -> set[str]:
    """Feature names from ``/proc/cpuinfo``; empty elsewhere than on Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith(("flags", "Features")) for flag in line.split()}


def check_gpus() -> Iterator[Check]:
    """CUDA and Apple GPUs, whether this build of torch has code for them, and whether they compute."""
    from ..inference.devices import describe_devices

    driver = shutil.which("nvidia-smi") is not None
    try:
        import torch

        gpus = [gpu for gpu in describe_devices() if gpu["device"] != "cpu"]
    except Exception:  # check_libraries has said what is wrong with torch
        if driver:
            remedy = f"The student needs no GPU. For the teacher: {TORCH_REMEDY}"
            yield Check(WARN, "gpu", "an NVIDIA driver is installed, but no working torch", remedy)
        else:
            yield Check(OK, "gpu", "not looked for, without torch")
        return
    for gpu in gpus:
        yield _gpu(torch, gpu)
    if not gpus and driver:
        built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "without CUDA"
        remedy = f"{TORCH_REMEDY} If it is that one, update the GPU's driver."
        yield Check(
            WARN, "gpu", f"an NVIDIA driver is installed, but torch (built {built}) finds no GPU", remedy
        )
    elif not gpus:
        yield Check(OK, "gpu", "none that torch can use; the CPU is used")


def _gpu(torch: Any, gpu: Mapping[str, Any]) -> Check:
    """One GPU, given what ``describe_devices`` says of it."""
    name, parts = str(gpu["device"]), [str(gpu["name"])]
    if "memory_gb" in gpu:
        parts += [f"{gpu['memory_gb']} GB", f"compute capability {gpu['capability']}"]
        parts += [f"torch built for {' '.join(torch.cuda.get_arch_list())}"]
    problem = _trial_sum(torch, name) if gpu["usable"] else str(gpu["reason"])
    if problem:
        remedy = f"{TORCH_REMEDY} Until then use --device cpu."
        return Check(FAIL, name, f"{', '.join(parts)}: {problem}", remedy)
    return Check(OK, name, ", ".join(parts))


def _trial_sum(torch: Any, device: str) -> str:
    """What goes wrong in a small computation; empty if nothing."""
    try:
        total = float(torch.ones(1000, device=device).mul(2).sum())
    except Exception as error:  # drivers fail in many ways
        return f"computing fails ({str(error).splitlines()[0] if str(error) else type(error).__name__})"
    return "" if total == 2000 else f"computing gives {total} instead of 2000"


def check_models() -> Iterator[Check]:
    """Open every installed model and check its hashes."""
    from ..bundle.store import DEFAULT_BUNDLE, installed_bundles

    entries = installed_bundles()
    if not any(entry.name == DEFAULT_BUNDLE for entry in entries):
        yield Check(FAIL, "model", f"the default model {DEFAULT_BUNDLE!r} is not installed", INSTALL)
    for entry in entries:
        if entry.bundle is None:
            yield Check(FAIL, "model", f"{entry.name}: {entry.problem}", INSTALL)
            continue
        try:
            entry.bundle.verify()
        except BundleError as error:
            yield Check(FAIL, "model", f"{entry.name}: {error}", INSTALL)
            continue
        size = f"{entry.bundle.size / 1e6:.1f} MB"
        hashed = f"hashes correct, SHA-256 {entry.bundle.sha256}"
        yield Check(OK, "model", f"{entry.name} {entry.bundle.manifest.version}, {size}, {hashed}")


def check_trial(device: str) -> Iterator[Check]:
    """Segment a small made-up brain with the default model, if it is there."""
    import numpy as np

    from ..bundle.bundle import load_bundle
    from ..bundle.store import find_bundle
    from ..events import Reporter

    try:
        bundle = load_bundle(find_bundle())
    except BundleError:  # check_models has said so
        return
    try:
        from ..inference.segmenter import Segmenter

        begin = time.perf_counter()
        segmenter = Segmenter(bundle, device=device)
        ready = time.perf_counter()
        result = segmenter.run(trial_case(), Reporter())
        done = time.perf_counter()
    except ImportError as error:
        yield Check(FAIL, "trial", f"a part of HUMoR cannot be loaded ({error})", "Install HUMoR again.")
        return
    except HumorError as error:
        yield Check(FAIL, "trial", str(error), "Try 'humor doctor --device cpu', and report this output.")
        return
    found = result.probabilities
    seconds = f"ready in {ready - begin:.1f} s, done in {done - ready:.1f} s"
    text = f"{TRIAL_EDGE}³ voxels on {result.device}: {seconds}"
    if not (np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1):
        remedy = "Do not use this device: try 'humor doctor --device cpu', and report this output."
        yield Check(FAIL, "trial", f"{text}, but the result is no probability map", remedy)
    elif result.fallbacks:
        yield Check(
            WARN, "trial", f"{text}. {' '.join(map(str, result.fallbacks))}", "See memory and devices above."
        )
    else:
        yield Check(OK, "trial", text)


def trial_case() -> Case:
    """A ball of noise with a brighter ball inside, in all four sequences, already normalised."""
    import numpy as np

    from ..sequences import SEQUENCES
    from ..study.case import Case
    from ..study.grid import WORKING_AXES, Grid

    edge = TRIAL_EDGE
    places = np.stack(np.meshgrid(*[np.linspace(-1, 1, edge)] * 3, indexing="ij"))
    brain = (places**2).sum(axis=0) < 0.8
    ball = ((places - 0.2) ** 2).sum(axis=0) < 0.1
    noise = np.random.default_rng(0).standard_normal((len(SEQUENCES), edge, edge, edge))
    affine = np.eye(4)
    affine[:3, :3] = WORKING_AXES.T
    grid = Grid((edge, edge, edge), affine)
    image = ((noise + 2 * ball) * brain).astype(np.float32)
    return Case(image, (True, True, True, True), brain, grid, grid, SEQUENCES[0])
