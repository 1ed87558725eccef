"""The parts of ``report.html``, each a pure function of the facts of ``report.json``.

Every text that comes from outside (file names, model facts, warnings) goes through ``text``. Experts have
one colour each, the same in bars and pictures: from Paul Tol's colour-blind-safe "bright" and "light"
schemes (https://personal.sron.nl/~pault/), without the hues that the tumour regions have.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

from ..neutral import printable
from ..regions import REGIONS
from ..sequences import DISPLAY_NAMES, SEQUENCES, display
from ..warnings import from_json
from .report_json import plausibility_line

_NARROW = 0.07
"""Shares of a bar below this have no room for their number."""
_COLOURS = ("#4477aa", "#66ccee", "#aa3377", "#bbbbbb", "#225555", "#ee8866", "#ffaabb", "#77aadd")
_DARK_TEXT = {"#66ccee", "#bbbbbb", "#ee8866", "#ffaabb", "#77aadd"}


def text(value: object) -> str:
    """Any value as safe HTML text (also inside attributes)."""
    return escape(printable(str(value), keep="\n"), quote=True)


def colour_code(colour: tuple[float, float, float]) -> str:
    """A region's colour as CSS writes it."""
    return "#" + "".join(f"{round(255 * part):02x}" for part in colour)


def title(facts: dict[str, Any]) -> str:
    """What this is, of what, when, and what it is not for."""
    model = facts["model"]
    name = f"{model.get('name', 'unnamed')} {model.get('version', '')}".strip()
    return (
        "<header><h1>Brain tumour segmentation</h1>"
        f'<p class="soft">From {text(display(facts["sequences"]["used"]))} '
        f"by HUMoR {text(facts['versions']['humor'])}, model {text(name)}, "
        f"on {text(facts['created'].replace('T', ' '))}</p>"
        f'<p class="notice">{text(facts["notice"])}</p></header>'
    )


def warnings(facts: dict[str, Any]) -> str:
    """What to look at with more doubt, and what had to be given up; empty if nothing."""
    records = [from_json(record) for record in facts["warning_records"]]
    if not records:
        return ""
    items = "".join(f"<li>{text(record)}</li>" for record in records)
    return f'<section class="warnings"><h2>Please note</h2><ul>{items}</ul></section>'


def sequences(facts: dict[str, Any]) -> str:
    """Which of the four sequences were used and which are missing."""
    used = facts["sequences"]["used"]
    pills = "".join(
        f'<li class="pill">{DISPLAY_NAMES[name]}</li>'
        if name in used
        else f'<li class="pill missing">{DISPLAY_NAMES[name]} missing</li>'
        for name in SEQUENCES
    )
    reference = DISPLAY_NAMES[facts["sequences"]["reference"]]
    return (
        f'<section><h2>Sequences</h2><ul class="pills">{pills}</ul>'
        f'<p class="small soft" style="margin:.75rem 0 0">The results lie on the grid of {reference}. '
        "Missing sequences are left out, not made up.</p></section>"
    )


def volumes(facts: dict[str, Any]) -> str:
    """The three regions in ml, and the values of the label map."""
    cards = "".join(
        f'<div class="volume" style="--region:{colour_code(region.colour)}">'
        f"{text(region.name)} ({region.key})<b>{facts['volumes_ml'][region.key]:.2f} ml</b></div>"
        for region in REGIONS
    )
    rows = "".join(
        f'<tr><td class="number">{label["value"]}</td><td>{text(label["name"])}</td>'
        f'<td class="number">{label["ml"]:.2f}</td></tr>'
        for label in facts["labels_ml"]
    )
    return (
        f'<section><h2>Volumes</h2><div class="volumes">{cards}</div>'
        '<p class="small soft" style="margin:.9rem 0 .4rem">The enhancing tumour is part of the core, '
        "the core of the whole tumour. By label of the label map:</p>"
        '<div class="scroll"><table style="width:auto"><thead><tr><th class="number">Label</th>'
        f'<th>Tissue</th><th class="number">ml</th></tr></thead><tbody>{rows}</tbody></table></div>'
        f"{_plausibility(facts)}</section>"
    )


def _plausibility(facts: dict[str, Any]) -> str:
    line = plausibility_line(facts)
    return f'<p class="small soft" style="margin:.9rem 0 0">{text(line)}</p>' if line else ""


def region_legend() -> str:
    """Which contour is which region."""
    return _legend((f"{region.name} ({region.key})", colour_code(region.colour)) for region in REGIONS)


def figure(caption: str, note: str, alternative: str, png_base64: str) -> str:
    """A picture with its caption and what it shows for those who cannot see it."""
    return (
        f'<figure><figcaption>{text(caption)} <span class="soft small">{text(note)}</span></figcaption>'
        f'<img src="data:image/png;base64,{png_base64}" alt="{text(alternative)}"></figure>'
    )


def absent(facts: dict[str, Any]) -> str:
    """In place of the pictures of missing sequences; empty if none is."""
    missing = facts["sequences"]["missing"]
    return f'<p class="absent">Not given: {display(missing).replace(" +", ",")}.</p>' if missing else ""


def routing(facts: dict[str, Any], pictures: Iterable[str]) -> str:
    """Mean weights of every gate as bars, then where the experts decide."""
    table = facts["routing"]
    if not table["gates"]:
        return (
            "<section><h2>Which expert decided what</h2><p>This model has no experts: "
            "all of it works on every part of the image.</p></section>"
        )
    return (
        f"<section><h2>Which expert decided what</h2>{_routing_source(table['source'])}"
        f"{_gate_tables(table['gates'])}{''.join(pictures)}</section>"
    )


def provenance(facts: dict[str, Any]) -> str:
    """Inputs with hashes, model, device, seconds, versions."""
    grid = facts["grid"]
    seconds = ", ".join(f"{stage} {value:.2f}" for stage, value in facts["seconds"].items())
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    entries = [
        *((f"Model {key}", value) for key, value in facts["model"].items()),
        ("Device", facts["device"]),
        ("Seconds", seconds),
        (
            "Grid",
            " × ".join(map(str, grid["shape"]))
            + " voxels of "
            + " × ".join(f"{step:g}" for step in grid["spacing_mm"])
            + " mm",
        ),
        ("Files", ", ".join(facts["outputs"])),
        ("Versions", versions),
        ("Created", facts["created"]),
    ]
    rows = "".join(f"<dt>{text(key)}</dt><dd>{_value(key, value)}</dd>" for key, value in entries if value)
    return f"<section><h2>Provenance</h2>{_inputs(facts['inputs'])}<dl>{rows}</dl></section>"


def _value(key: str, value: str) -> str:
    return f"<code>{text(value)}</code>" if key.endswith("sha256") else text(value)


def _inputs(files: list[dict[str, Any]]) -> str:
    if not files:
        return ""
    rows = "".join(
        f"<tr><td>{DISPLAY_NAMES[entry['sequence']]}</td><td>{text(entry['file'])}</td>"
        f"<td><code>{text(entry['sha256'] or 'could not be read again')}</code></td></tr>"
        for entry in files
    )
    return (
        '<div class="scroll"><table style="margin-bottom:1rem"><thead><tr><th>Sequence</th><th>File</th>'
        f"<th>SHA-256</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _routing_source(source: str) -> str:
    if source == "distilled":
        return (
            '<p class="small soft"><strong>Distilled from the teacher:</strong> this small model has no '
            "experts of its own. It predicts how its teacher would have weighed the teacher's experts "
            "on this image.</p>"
        )
    return '<p class="small soft">The model weighs its experts by these numbers; they add up to 1.</p>'


def _gate_tables(gates: list[dict[str, Any]]) -> str:
    """One table for each set of experts, so that each colour means one thing in a table."""
    tables = []
    for experts in dict.fromkeys(tuple(gate["experts"]) for gate in gates):
        rows = "".join(_gate_row(gate) for gate in gates if tuple(gate["experts"]) == experts)
        legend = _legend((name, expert_colour(index)) for index, name in enumerate(experts))
        tables.append(
            f'{legend}<div class="scroll"><table class="gates"><thead><tr><th>Gate</th>'
            '<th class="half">Mean weight in the whole brain</th>'
            f'<th class="half">within the tumour</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
    return "".join(tables)


def _gate_row(gate: dict[str, Any]) -> str:
    brain = _bar(gate["mean_weights_brain"], "in the whole brain")
    inside = gate["mean_weights_tumour"]
    tumour = _bar(inside, "within the tumour") if inside else '<span class="soft">no tumour</span>'
    return f"<tr><th>{text(gate['name'])}</th><td>{brain}</td><td>{tumour}</td></tr>"


def _bar(weights: dict[str, float], where: str) -> str:
    parts = []
    for index, (name, weight) in enumerate(weights.items()):
        colour = expert_colour(index)
        number = f"{100 * weight:.0f}%" if weight >= _NARROW else ""
        parts.append(
            f'<span style="width:{100 * weight:.2f}%;background:{colour};color:{text_on(colour)}" '
            f'title="{text(name)}: {100 * weight:.1f}%">{number}</span>'
        )
    spoken = ", ".join(f"{name} {100 * weight:.1f}%" for name, weight in weights.items())
    return (
        f'<div class="bar" role="img" aria-label="Mean weight {where}: {text(spoken)}">{"".join(parts)}</div>'
    )


def _legend(entries: Iterable[tuple[str, str]]) -> str:
    items = "".join(
        f'<li><span class="chip" style="--chip:{colour}"></span>{text(name)}</li>' for name, colour in entries
    )
    return f'<ul class="legend small">{items}</ul>'


def expert_colour(index: int) -> str:
    """The colour of a gate's expert number ``index`` (they repeat after eight)."""
    return _COLOURS[index % len(_COLOURS)]


def text_on(colour: str) -> str:
    """Black or white, whichever is readable on an expert's colour."""
    return "#111111" if colour in _DARK_TEXT else "#ffffff"
