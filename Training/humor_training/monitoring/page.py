"""``report.html`` of a run's folder: how a training goes, in one file that loads nothing else."""

from __future__ import annotations

from pathlib import Path
from string import Template

from humor.output.report_sections import text

from . import page_sections as sections
from .page_gates import gates
from .page_header import header
from .page_held_out import held_out
from .page_style import PAGE_STYLE
from .run_figures import read_figures

PAGE = "report.html"
"""In the run's folder."""

# The policy lets a browser load nothing and run nothing, whatever a recipe or a name may hold.
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
</main>
</body>
</html>
"""
)


def write_page(run_folder: Path) -> Path:
    """Write the page of what the folder holds so far; a page that was there is replaced at once.

    Returns:
        The page's file.

    Raises:
        InputError: it is no run's folder, or one of its tables is of another kind.
    """
    figures = read_figures(run_folder)
    body = [
        header(figures),
        sections.losses(figures),
        held_out(figures),
        sections.picture(figures),
        gates(figures),
        sections.running(figures),
        sections.recipe(figures),
    ]
    title = f"Training {text(figures.name)}"
    page = _PAGE.substitute(title=title, style=PAGE_STYLE, body="\n".join(filter(None, body)))
    path = run_folder / PAGE
    partial = path.with_suffix(".partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path
