"""Every number of augmentation. Defaults are mild: what differs between scanners and heads."""

from __future__ import annotations

from dataclasses import dataclass, field

from humor.errors import UsageError
from humor.regions import REGION_KEYS
from humor.sequences import subset_name

Range = tuple[float, float]


@dataclass(frozen=True)
class SpatialConfig:
    """Where windows lie and how they are turned.

    Attributes:
        centres: region → share of windows centred near one of its voxels; the others lie anywhere in the
            brain. A case without the region gives its share to the next larger one.
        warp: probability of rotation, scaling and deformation; the others keep the case's own voxels, as they
            are when the network is used, and cost half.
        rotation: largest angle about each axis, in radians (heads are tilted, oblique scans kept so).
        scale: largest relative change of size.
        mirror: probability of mirroring left and right; brains are nearly symmetric.
        elastic: probability of a smooth deformation.
        elastic_mm: its largest standard deviation in mm; knots lie ``elastic_grain`` mm apart.
    """

    centres: dict[str, float] = field(default_factory=lambda: {"WT": 0.35, "ET": 0.35})
    warp: float = 1.0
    rotation: float = 0.25
    scale: float = 0.12
    mirror: float = 0.5
    elastic: float = 0.3
    elastic_mm: float = 3.0
    elastic_grain: float = 40.0

    def __post_init__(self) -> None:
        """Refuse shares that are none.

        Raises:
            UsageError: an unknown region, or shares that are negative or more than 1 together.
        """
        if unknown := sorted(set(self.centres) - set(REGION_KEYS)):
            raise UsageError(f"augmentation: spatial: centres: unknown region {', '.join(unknown)}.")
        if min(self.centres.values(), default=0) < 0 or sum(self.centres.values()) > 1:
            raise UsageError("augmentation: spatial: centres are shares of windows, together at most 1.")


@dataclass(frozen=True)
class IntensityConfig:
    """What differs between scanners. Each sequence is changed on its own; z-scores are the unit.

    Attributes:
        scale, shift: contrast ``uniform`` in the range and brightness ``normal`` with this deviation.
        contrast: probability of a gamma curve with an exponent in ``gamma``.
        bias: probability of a smooth multiplicative field with deviation up to ``bias_strength``.
        thick_slices: probability of slices ``slice_factor`` times as thick along one axis.
        ringing: probability of losing high spatial frequencies along one axis (Gibbs' ringing), so
            that the share ``kept_frequencies`` is left.
        sharpness: probability of blur or sharpening, by an amount up to ±``sharpen``.
        noise: probability of noise with a deviation in ``noise_level``.
    """

    scale: Range = (0.85, 1.18)
    shift: float = 0.12
    contrast: float = 0.3
    gamma: Range = (0.7, 1.4)
    bias: float = 0.3
    bias_strength: float = 0.3
    thick_slices: float = 0.15
    slice_factor: Range = (1.5, 4.0)
    ringing: float = 0.05
    kept_frequencies: Range = (0.55, 0.85)
    sharpness: float = 0.15
    sharpen: float = 1.0
    noise: float = 0.2
    noise_level: Range = (0.02, 0.2)


@dataclass(frozen=True)
class SynthesisConfig:
    """What synthetic patients look like.

    Attributes:
        anatomies: how many different heads with lesions there are; each is made once and kept in
            memory (about 30 MB; at most 64), and painted anew every time. 0: always a new one, in seconds.
        ordered: share of sequences whose tissues keep their physical order (in T1 white matter is
            brighter than grey, and so on); in the others every tissue has any brightness.
        core_ml, oedema_ml: volumes, drawn evenly on a logarithmic scale.
        necrotic: which part of a ring-enhancing core is dead.
        without_rim: share of tumours that do not enhance at all.
        swelling: part of the core's volume by which it pushes the brain aside.
    """

    anatomies: int = 24
    ordered: float = 0.7
    core_ml: Range = (3.0, 60.0)
    oedema_ml: Range = (8.0, 120.0)
    necrotic: Range = (0.15, 0.75)
    without_rim: float = 0.2
    swelling: Range = (0.1, 0.7)


@dataclass(frozen=True)
class AugmentationConfig:
    """How a training window is made of cases.

    Attributes:
        keep_all: probability of keeping all sequences of the case.
        subset_weights: how often a subset is drawn otherwise, by name (``t1c+flair``), relative to the
            others. Subsets that are not named have weight 1 + number of missing sequences, so that
            hard ones come more often.
        independent: in place of the two rules above: each sequence is dropped with this probability;
            if none is left, one is kept by chance.
        transplant: probability of another patient's tumour being put into the brain.
        synthetic: probability of a synthetic patient in place of one of the cases.
        templates: folder with ``t1``, ``gm`` and ``wm`` ``.nii.gz`` of an average brain, for those.
        painted: probability of a tumour with the shape of a label map and another patient's appearance.
        shapes: file of label maps without images, for those (``shapes.load_shapes``).
    """

    spatial: SpatialConfig = field(default_factory=SpatialConfig)
    intensity: IntensityConfig = field(default_factory=IntensityConfig)
    synthesis: SynthesisConfig = field(default_factory=SynthesisConfig)
    keep_all: float = 0.3
    subset_weights: dict[str, float] = field(default_factory=dict)
    independent: float | None = None
    transplant: float = 0.0
    synthetic: float = 0.0
    templates: str = ""
    painted: float = 0.0
    shapes: str = ""

    def __post_init__(self) -> None:
        """Refuse what would only fail hours later.

        Raises:
            UsageError: a probability is not one, a subset is unknown, or templates or shapes are not given.
        """
        for name in ("keep_all", "independent", "transplant", "synthetic", "painted"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise UsageError(f"augmentation: {name} is a probability between 0 and 1, not {value!r}.")
        for name, weight in self.subset_weights.items():
            _check_weight(name, weight)
        if self.synthetic > 0 and not self.templates:
            raise UsageError(
                f"augmentation: synthetic: {self.synthetic} needs an average brain. Add templates: FOLDER, "
                "with t1.nii.gz, gm.nii.gz and wm.nii.gz in it (such as ICBM 152), or set synthetic: 0."
            )
        if self.painted > 0 and not self.shapes:
            raise UsageError(
                f"augmentation: painted: {self.painted} needs label maps. Add shapes: FILE.npz with seg, "
                "crop_lo and ids, or set painted: 0."
            )


def _check_weight(name: str, weight: float) -> None:
    try:
        right = subset_name(name.split("+"))
    except ValueError as problem:
        raise UsageError(f"augmentation: subset_weights: {problem}") from problem
    if right != name:
        raise UsageError(f"augmentation: subset_weights: write {right}, not {name}.")
    if weight < 0:
        raise UsageError(f"augmentation: subset_weights: {name} has the negative weight {weight}.")
