"""``report.html``: the facts of ``report.json`` with pictures, in one file that loads nothing else."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from string import Template
from typing import Any

from ..inference.segmentation import Segmentation
from ..regions import REGIONS
from ..routing import GateMap, Routing
from ..sequences import DISPLAY_NAMES, display
from . import report_sections as sections
from .report_style import STYLE
from .views import Target, find_target

# The policy lets a browser load nothing and run nothing, whatever a file name may hold.
_PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
$body
<footer>$notice</footer>
</main>
</body>
</html>
"""
)


def write_report_page(path: Path, facts: dict[str, Any], segmentation: Segmentation) -> None:
    """Write the page.

    Args:
        path: the file.
        facts: as from ``report_facts``; the page's numbers are these.
        segmentation: what the pictures are made from.

    Raises:
        OSError: the file cannot be written.
    """
    target = find_target(segmentation)
    body = [
        sections.title(facts),
        sections.warnings(facts),
        sections.volumes(facts),
        sections.sequences(facts),
        _views(facts, segmentation, target),
        sections.routing(facts, _gate_figures(segmentation, target)),
        sections.provenance(facts),
    ]
    page = _PAGE.substitute(
        title=f"HUMoR report: {sections.text(display(facts['sequences']['used']))}",
        style=STYLE,
        body="\n".join(body),
        notice=sections.text(facts["notice"]),
    )
    path.write_text(page, encoding="utf-8", errors="backslashreplace")  # names need not be text


def gates_to_show(routing: Routing) -> list[GateMap]:
    """The last gate of each group (the part of its name before ``/``) that decides over space."""
    last: dict[str, GateMap] = {}
    for gate in routing.gates:
        if gate.weights[0].size > 1:
            last[gate.name.split("/")[0]] = gate
    return list(last.values())


def _views(facts: dict[str, Any], segmentation: Segmentation, target: Target) -> str:
    from .pictures import sequence_picture

    where = f"through the centre of the {_target_name(target)}"
    parts = [
        "<section><h2>Views</h2>",
        f'<p class="small soft">Three orthogonal views {where}, at {_place(target)}. '
        "Radiological convention: the patient's left is on the right of the axial and coronal view.</p>",
        sections.region_legend() if target.region else "",
    ]
    for name in facts["sequences"]["used"]:
        shown = DISPLAY_NAMES[name]
        alternative = f"{shown}: axial, coronal and sagittal slice {where}, with contours. {_volumes(facts)}"
        png = sequence_picture(segmentation, name, target)
        parts.append(sections.figure(shown, "axial, coronal, sagittal", alternative, _base64(png)))
    return "".join([*parts, sections.absent(facts), "</section>"])


def _gate_figures(segmentation: Segmentation, target: Target) -> list[str]:
    gates = gates_to_show(segmentation.routing)
    if not gates:
        return []
    from .pictures import gate_picture, heat_range

    parts = [
        "<h3>Where the experts decide</h3>",
        '<p class="small soft">Axial view, whole tumour outlined. First which expert weighs most at each '
        "place, then each expert's weight: the stronger the colour, the higher.</p>",
    ]
    for gate in gates:
        low, high = heat_range(gate)
        note = f"from {low:.2f} (faint) to {high:.2f} (strong)"
        experts = ", ".join(gate.experts)
        alternative = (
            f"Gate {gate.name}: axial maps of the dominant expert and of the weights of {experts}, {note}."
        )
        png = gate_picture(segmentation, gate, target)
        parts.append(sections.figure(gate.name, note, alternative, _base64(png)))
    return parts


def _target_name(target: Target) -> str:
    names = {region.key: region.name.lower() for region in REGIONS}
    return "brain (no tumour was found)" if target.region is None else names[target.region]


def _place(target: Target) -> str:
    """The file's own coordinates. Their zero need not be the midline, so they get no "left" or "right"."""
    numbers = ", ".join(f"{value:.0f}" for value in target.world).replace("-", "\N{MINUS SIGN}")
    return f"RAS ({numbers}) mm"


def _volumes(facts: dict[str, Any]) -> str:
    return (
        "Volumes: " + ", ".join(f"{key} {value:.2f} ml" for key, value in facts["volumes_ml"].items()) + "."
    )


def _base64(png: bytes) -> str:
    return b64encode(png).decode("ascii")
