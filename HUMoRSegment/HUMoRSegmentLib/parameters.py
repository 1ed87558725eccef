"""The module's parameter node: what the panel shows, kept in the scene and so in a saved one."""

# No postponed annotations here: the wrapper reads them when the class is made.
from typing import Annotated

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import WithinRange, parameterNodeWrapper

from humor.regions import USUAL_THRESHOLD

NO_OVERLAY, EXPERT_OVERLAY, DOMINANT_OVERLAY = "none", "expert", "dominant"
LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.01, 0.99

_Threshold = Annotated[float, WithinRange(LOWEST_THRESHOLD, HIGHEST_THRESHOLD)]
_Share = Annotated[float, WithinRange(0.0, 1.0)]


@parameterNodeWrapper
class HUMoRSegmentParameterNode:
    """Choices of the panel. A node that is not chosen is None."""

    t1: vtkMRMLScalarVolumeNode
    t1c: vtkMRMLScalarVolumeNode
    t2: vtkMRMLScalarVolumeNode
    flair: vtkMRMLScalarVolumeNode
    model: str = ""
    device: str = "auto"
    reference: str = ""
    mirror: bool = False
    register_first: bool = False
    keep_probabilities: bool = True
    label_map: bool = False
    region_label_maps: bool = False
    add_result: bool = False
    segmentation: vtkMRMLSegmentationNode
    threshold_wt: _Threshold = USUAL_THRESHOLD
    threshold_tc: _Threshold = USUAL_THRESHOLD
    threshold_et: _Threshold = USUAL_THRESHOLD
    gate: str = ""
    expert: str = ""
    overlay_opacity: _Share = 0.5
    show_overlay: str = NO_OVERLAY
