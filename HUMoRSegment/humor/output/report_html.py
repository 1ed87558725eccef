"""``report.html``: the facts of ``report.json`` with pictures, in one file that loads nothing else."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from string import Template
from typing import Any

from ..inference.segmentation import Segmentation
from ..output import report_sections as sections
from ..regions import REGIONS
from ..routing import GateMap, Routing
from ..sequences import DISPLAY_NAMES, display
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


STYLE = """
:root {
  color-scheme: light dark;
  --page: #f5f6f8; --card: #ffffff; --ink: #1a2129; --soft: #5a6672; --line: #dfe3e8;
  --warn: #fff6df; --warn-line: #d79b18; --track: #e9ecef;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161b; --card: #1b2128; --ink: #e8ecf0; --soft: #9aa6b2; --line: #303943;
    --warn: #2e2611; --warn-line: #d79b18; --track: #2a323b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
header { margin-bottom: 1.5rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
h3 { font-size: .95rem; margin: 1.25rem 0 .4rem; }
p { margin: .25rem 0 .75rem; }
.soft { color: var(--soft); }
.small { font-size: .875rem; }
.notice { font-weight: 600; }
section {
  background: var(--card); border: 1px solid var(--line); border-radius: 12px;
  padding: 1.25rem 1.4rem; margin: 0 0 1.1rem;
}
.warnings { background: var(--warn); border-color: var(--warn-line); border-left-width: 5px; }
.warnings ul { margin: 0; padding-left: 1.2rem; }
.pills { display: flex; flex-wrap: wrap; gap: .5rem; margin: 0; padding: 0; list-style: none; }
.pill { border-radius: 999px; padding: .15rem .8rem; border: 1.5px solid var(--ink); font-weight: 600; }
.pill.missing { border-style: dashed; border-color: var(--soft); color: var(--soft); font-weight: 400; }
.volumes { display: grid; grid-template-columns: repeat(3, 1fr); gap: .9rem; }
.volume { border-left: 5px solid var(--region); padding: .1rem 0 .1rem .8rem; }
.volume b { display: block; font-size: 1.7rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.chip {
  display: inline-block; width: .75em; height: .75em; border-radius: 3px; margin-right: .4em;
  background: var(--chip); vertical-align: -.02em;
}
.legend {
  display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; margin: 0 0 .75rem; padding: 0; list-style: none;
}
figure { margin: 0 0 1rem; break-inside: avoid; }
figure img { display: block; width: 100%; height: auto; border-radius: 8px; background: #000; }
figcaption { font-weight: 600; margin: 0 0 .3rem; }
figcaption .soft { font-weight: 400; }
.absent {
  border: 1.5px dashed var(--line); border-radius: 8px; color: var(--soft);
  padding: .7rem 1rem; margin: 0 0 1rem;
}
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td {
  text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-top: 1px solid var(--line);
}
th { font-weight: 600; }
thead th { border-top: 0; color: var(--soft); font-weight: 400; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: .8rem/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.gates td, .gates th { padding-top: .25rem; padding-bottom: .25rem; vertical-align: middle; }
.gates th { white-space: nowrap; font-weight: 400; }
.gates .half { width: 42%; }
.bar {
  display: flex; height: 1.35rem; border-radius: 5px; overflow: hidden; background: var(--track);
  font-size: .75rem; line-height: 1.35rem; font-variant-numeric: tabular-nums;
}
.bar span { overflow: hidden; text-align: center; white-space: nowrap; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; font-size: .9rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: .875rem; text-align: center; }
@media (max-width: 640px) {
  .volumes { grid-template-columns: 1fr; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; --warn: #fff6df; --track: #e9ecef;
  }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { font-size: 11pt; }
  main { max-width: none; padding: 0; }
  section { border-radius: 0; border-width: 1px 0 0; padding: .6rem 0; }
  .warnings { padding: .6rem; border-width: 1px 1px 1px 5px; }
  h2, h3 { break-after: avoid; }
  tr { break-inside: avoid; }
}
"""
