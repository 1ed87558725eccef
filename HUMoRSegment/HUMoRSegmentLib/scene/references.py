"""Names by which a result's nodes find each other, also in a scene that was saved and loaded again.

All of them hang on the segmentation node, so that node alone says what belongs to a result.
"""

from __future__ import annotations

PREFIX = "HUMoR."

# Node references of the segmentation node.
INPUT = PREFIX + "Input."
"""Followed by a sequence, e.g. ``HUMoR.Input.t1c``: the volume that was segmented."""
PROBABILITY = PREFIX + "Probability."
"""Followed by a region, e.g. ``HUMoR.Probability.WT``: a scalar volume, 0 to 1."""
VOLUME_TABLE = PREFIX + "VolumeTable"
LABEL_MAP = PREFIX + "LabelMap"
"""The BraTS label map."""
REGION_LABEL_MAP = PREFIX + "LabelMap."
"""Followed by a region."""
GATE = PREFIX + "Gate"
"""One reference for each gate, in the network's order: a vector volume, one component for each expert."""
GATE_TABLE = PREFIX + "GateTable"
GATE_CHART = PREFIX + "GateChart"
"""The chart of mean weights, one for all gates of a result."""
GATE_CHART_TABLE = PREFIX + "GateChartTable"
"""The hidden table of the chart's values."""
EXPERT_OVERLAY = PREFIX + "ExpertOverlay"
"""The scalar volume that shows one expert's weight."""
DOMINANT_OVERLAY = PREFIX + "DominantOverlay"
"""The label map that shows which expert weighs most."""
INFLUENCE_TABLE = PREFIX + "InfluenceTable"

# Attributes of the segmentation node.
MODEL = PREFIX + "Model"
MODEL_TITLE = PREFIX + "ModelTitle"
MODEL_VERSION = PREFIX + "ModelVersion"
MODEL_SHA256 = PREFIX + "ModelSHA256"
SEQUENCES_USED = PREFIX + "Sequences"
"""A subset's name, e.g. ``t1c+flair``."""
DEVICE = PREFIX + "Device"
CREATED = PREFIX + "Created"
"""ISO time, UTC."""
WARNINGS = PREFIX + "Warnings"
"""One sentence a line."""
REPORT = PREFIX + "Report"
"""The content of the engine's ``report.json``."""
THRESHOLDS = PREFIX + "Thresholds"
"""Region → threshold in force, as JSON."""
MIN_COMPONENT_ML = PREFIX + "MinComponentMl"

# Attributes of a gate's vector volume.
GATE_NAME = PREFIX + "GateName"
EXPERTS = PREFIX + "Experts"
"""Names of the experts, in the components' order, as JSON."""
ROUTING_SOURCE = PREFIX + "RoutingSource"
"""``learned`` or ``distilled``."""
