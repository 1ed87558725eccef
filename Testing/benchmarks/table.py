"""The measurements as Markdown."""

from __future__ import annotations

from typing import Any

HEADER = "| method | label map, s | everything, s | CPU, s | peak memory, GB | times HUMoR |"
RULE = "|---|---:|---:|---:|---:|---:|"


def markdown(machine: dict[str, Any], case: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    """The whole page: what was measured where, and the table.

    Args:
        machine: as from ``machine_facts``.
        case: ``name``, ``shape``, ``window``.
        rows: ``title``, ``exit_code`` and the medians of one method each.
    """
    shape = "×".join(map(str, case["shape"]))
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    own = next((row["label_map_seconds"] for row in rows if row["method"] == "humor"), None)
    where = (
        f"{machine['processor']}, {machine['threads']} threads, load before {machine['load_before']}. "
        f"{machine['system']}, Python {machine['python']}, {versions}. {machine['date']}."
    )
    lines = [
        "# Files to label map",
        "",
        f"Case {case['name']}, {shape} voxels, four sequences. {where}",
        "",
        "Each method is a fresh process; start-up, reading and writing are included. *Label map*: until that "
        f"file is on disk. Windows of {case['window']}³ overlap by half. The others have random weights, "
        "run in torch fp32, and write a label map only; HUMoR also writes segments, routing and provenance.",
        "",
        HEADER,
        RULE,
        *(_line(row, own) for row in rows),
        "",
    ]
    return "\n".join(lines)


def _line(row: dict[str, Any], own: float | None) -> str:
    if row["exit_code"] or row["label_map_seconds"] is None:
        return f"| {row['title']} | failed (exit code {row['exit_code']}) | | | | |"
    seconds = row["label_map_seconds"]
    ratio = f"{seconds / own:.1f}" if own else ""
    return (
        f"| {row['title']} | {seconds:.2f} | {row['seconds']:.2f} | {row['cpu_seconds']:.1f} "
        f"| {row['peak_bytes'] / 1e9:.2f} | {ratio} |"
    )
