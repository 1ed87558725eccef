"""The module's parameter node: what the panel shows, kept in the scene and so in a saved one."""

# No postponed annotations here: the wrapper reads them when the class is made.
from typing import Annotated, Any

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from humor.options import options_of
from humor.regions import USUAL_THRESHOLD

from .options import Options

NO_OVERLAY, EXPERT_OVERLAY, DOMINANT_OVERLAY = "none", "expert", "dominant"
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.01, 0.99

_Threshold = Annotated[float, WithinRange(LOWEST_THRESHOLD, HIGHEST_THRESHOLD)]
_Share = Annotated[float, WithinRange(0.0, 1.0)]


def _run_choices() -> Any:
    """A class with an annotated attribute for every option that the panel has, as the wrapper wants them."""
    shown = [each for each in options_of(Options) if each.parameter]
    defaults = {each.parameter: "" if each.default is None else each.default for each in shown}
    kinds = {name: type(value) for name, value in defaults.items()}
    return type("_RunChoices", (), {"__annotations__": kinds, **defaults})


_RunChoices: Any = _run_choices()


@parameterNodeWrapper
class HUMoRSegmentParameterNode(_RunChoices):
    """Choices of the panel: the options of a run and what follows. A node that is not chosen is None."""

    t1: vtkMRMLScalarVolumeNode
    t1c: vtkMRMLScalarVolumeNode
    t2: vtkMRMLScalarVolumeNode
    flair: vtkMRMLScalarVolumeNode
    segmentation: vtkMRMLSegmentationNode
    threshold_wt: _Threshold = USUAL_THRESHOLD
    threshold_tc: _Threshold = USUAL_THRESHOLD
    threshold_et: _Threshold = USUAL_THRESHOLD
    gate: str = ""
    expert: str = ""
    overlay_opacity: _Share = 0.5
    show_overlay: str = NO_OVERLAY
