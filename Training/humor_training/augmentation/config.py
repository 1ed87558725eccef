"""Every number of augmentation. Defaults are mild: what differs between scanners and heads.

Values are checked by pydantic when they are set, so that a mistake does not only show hours later.
"""

from __future__ import annotations

from dataclasses import field
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator
from pydantic.dataclasses import dataclass

from humor.regions import REGION_KEYS
from humor.sequences import subset_name

STRICT = ConfigDict(extra="forbid", allow_inf_nan=False)
"""Of all tables of a recipe: unknown names are mistakes."""


def _rising(limits: tuple[float, float]) -> tuple[float, float]:
    if limits[0] > limits[1]:
        raise ValueError("the first limit must not be above the second")
    return limits


Probability = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Range = Annotated[tuple[float, float], AfterValidator(_rising)]


@dataclass(frozen=True, config=STRICT)
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
    warp: Probability = 1.0
    rotation: Amount = 0.25
    scale: Amount = 0.12
    mirror: Probability = 0.5
    elastic: Probability = 0.3
    elastic_mm: Amount = 3.0
    elastic_grain: Annotated[float, Field(gt=0)] = 40.0

    @field_validator("centres")
    @classmethod
    def _are_shares(cls, centres: dict[str, float]) -> dict[str, float]:
        if unknown := sorted(set(centres) - set(REGION_KEYS)):
            raise ValueError(f"unknown region {', '.join(unknown)}; known: {', '.join(REGION_KEYS)}")
        if min(centres.values(), default=0) < 0 or sum(centres.values()) > 1:
            raise ValueError("these are shares of windows, together at most 1")
        return centres


@dataclass(frozen=True, config=STRICT)
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
    shift: Amount = 0.12
    contrast: Probability = 0.3
    gamma: Range = (0.7, 1.4)
    bias: Probability = 0.3
    bias_strength: Amount = 0.3
    thick_slices: Probability = 0.15
    slice_factor: Range = (1.5, 4.0)
    ringing: Probability = 0.05
    kept_frequencies: Range = (0.55, 0.85)
    sharpness: Probability = 0.15
    sharpen: Amount = 1.0
    noise: Probability = 0.2
    noise_level: Range = (0.02, 0.2)


@dataclass(frozen=True, config=STRICT)
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

    anatomies: Annotated[int, Field(ge=0)] = 24
    ordered: Probability = 0.7
    core_ml: Range = (3.0, 60.0)
    oedema_ml: Range = (8.0, 120.0)
    necrotic: Range = (0.15, 0.75)
    without_rim: Probability = 0.2
    swelling: Range = (0.1, 0.7)


@dataclass(frozen=True, config=STRICT)
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
    keep_all: Probability = 0.3
    subset_weights: dict[str, float] = field(default_factory=dict)
    independent: Probability | None = None
    transplant: Probability = 0.0
    synthetic: Probability = 0.0
    templates: str = ""
    painted: Probability = 0.0
    shapes: str = ""

    @field_validator("subset_weights")
    @classmethod
    def _are_subsets(cls, weights: dict[str, float]) -> dict[str, float]:
        for name, weight in weights.items():
            if (right := subset_name(name.split("+"))) != name:
                raise ValueError(f"write {right}, not {name}")
            if weight < 0:
                raise ValueError(f"{name} has the negative weight {weight:g}")
        return weights

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> AugmentationConfig:
        if self.synthetic > 0 and not self.templates:
            raise ValueError(
                f"synthetic: {self.synthetic:g} needs an average brain. Add templates: FOLDER, with "
                "t1.nii.gz, gm.nii.gz and wm.nii.gz in it (such as ICBM 152), or set synthetic: 0"
            )
        if self.painted > 0 and not self.shapes:
            raise ValueError(
                f"painted: {self.painted:g} needs label maps. Add shapes: FILE.npz with seg, crop_lo and "
                "ids, or set painted: 0"
            )
        return self
