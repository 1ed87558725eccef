"""The page shows the facts of the report, safely and alone."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import humor
from humor.inference.segmentation import Segmentation
from humor.options import SegmentOptions
from humor.output.report_html import gates_to_show, write_report_page
from humor.output.report_json import plausibility_line, report_facts
from humor.output.routing_files import routing_facts
from humor.routing import GateMap, Routing
from humor.study.volume import Source, Sources
from humor.warnings import warn

Make = Callable[..., Segmentation]


class Page(HTMLParser):
    """Tags, attributes and visible text of a page; complains about tags left open."""

    VOID = frozenset({"meta", "img", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data + " "


def page_of(
    segmentation: Segmentation, tmp_path: Path, inputs: dict[str, Sources] | None = None
) -> tuple[dict, str]:
    routing, options = routing_facts(segmentation), SegmentOptions()
    facts = report_facts(segmentation, inputs or {}, routing, ["segmentation.nii.gz"], options)
    write_report_page(tmp_path / "report.html", facts, segmentation)
    return facts, (tmp_path / "report.html").read_text(encoding="utf-8")


def test_its_facts_are_those_of_the_json(make_segmentation: Make, tmp_path: Path) -> None:
    file = Source(tmp_path / "t1.nii.gz", 5, "0123abcd")
    segmentation = make_segmentation(sequences=("t1", "flair"), fallbacks=[warn("memory_cpu")])
    facts, html = page_of(segmentation, tmp_path, {"t1": (file,)})
    page = Page(html)
    wanted: list[Any] = [
        *(f"{ml:.2f} ml" for ml in facts["volumes_ml"].values()),
        *(f"{label['ml']:.2f}" for label in facts["labels_ml"]),
        *facts["warnings"],
        plausibility_line(facts),
        *facts["fallbacks"],
        *facts["model"].values(),
        facts["device"],
        facts["notice"],
        facts["created"],
        facts["inputs"][0]["file"],
        facts["inputs"][0]["sha256"],
        *facts["versions"].values(),
        "T1c missing",
        "T2 missing",
        *(gate["name"] for gate in facts["routing"]["gates"]),
    ]
    assert len(facts["warnings"]) > 0
    for item in wanted:
        assert str(item) in page.text, item


def test_bars_say_the_mean_weights_of_the_json(segmentation: Segmentation, tmp_path: Path) -> None:
    facts, html = page_of(segmentation, tmp_path)
    spoken = [
        attributes["aria-label"] for _, attributes in Page(html).tags if attributes.get("class") == "bar"
    ]
    wanted = [
        f"Mean weight {where}: "
        + ", ".join(f"{name} {100 * weight:.1f}%" for name, weight in gate[key].items())
        for gate in facts["routing"]["gates"]
        for key, where in (
            ("mean_weights_brain", "in the whole brain"),
            ("mean_weights_tumour", "within the tumour"),
        )
    ]
    assert spoken == wanted


def test_it_loads_nothing_from_elsewhere(segmentation: Segmentation, tmp_path: Path) -> None:
    _, html = page_of(segmentation, tmp_path)
    without_pictures = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", html)
    assert not re.search(r"https?:|//|url\(|@import|<script|<link|<iframe", without_pictures)


def test_every_picture_is_a_png_with_words_for_it(make_segmentation: Make, tmp_path: Path) -> None:
    _, html = page_of(make_segmentation(sequences=("t1", "t2")), tmp_path)
    pictures = [attributes for tag, attributes in Page(html).tags if tag == "img"]
    assert len(pictures) == 2 + 2  # sequences, and one gate of each of two groups
    for attributes in pictures:
        assert len(attributes["alt"] or "") > 30
        encoded = (attributes["src"] or "").removeprefix("data:image/png;base64,")
        assert base64.b64decode(encoded, validate=True).startswith(b"\x89PNG")


def test_text_from_files_cannot_become_markup(make_segmentation: Make, tmp_path: Path) -> None:
    evil = "<script>alert('x')</script>\"><img src=x onerror=y>&amp; $title"
    gate = make_segmentation().routing.gates[0]
    warning = warn("nan_background", file=evil, count=1)
    segmentation = make_segmentation(
        model={"name": evil, evil: evil}, warnings=[warning], fallbacks=[warning]
    )
    segmentation.routing.gates[:] = [GateMap(evil, (evil, "b", "c"), gate.weights, gate.affine)]
    facts, html = page_of(segmentation, tmp_path, {"t1": (Source(tmp_path / "<b>x</b>.nii.gz", 1, evil),)})
    assert str(warning) in facts["warnings"] and evil in str(warning)
    page = Page(html)
    assert page.text.count(evil) >= 5
    assert "script" not in {tag for tag, _ in page.tags}
    assert "<b>x</b>" not in html
    assert all("onerror" not in attributes for _, attributes in page.tags)


def test_a_distilled_routing_says_so(make_segmentation: Make, tmp_path: Path) -> None:
    assert "Distilled from the teacher" in page_of(make_segmentation(source="distilled"), tmp_path)[1]
    assert "Distilled from the teacher" not in page_of(make_segmentation(), tmp_path)[1]


def test_a_model_without_experts_says_so_and_shows_no_weights(
    make_segmentation: Make, tmp_path: Path
) -> None:
    page = Page(page_of(make_segmentation(gates=()), tmp_path)[1])
    assert "This model has no experts" in page.text
    assert "Mean weight" not in page.text


def test_without_a_tumour_it_says_so(make_segmentation: Make, tmp_path: Path) -> None:
    page = Page(page_of(make_segmentation(radii=(0.0, 0.0, 0.0)), tmp_path)[1])
    assert "No tumour was found" in page.text
    assert "centre of the brain" in page.text
    assert "0.00 ml" in page.text


def test_one_gate_of_each_group_is_pictured_and_none_that_decides_once() -> None:
    space, once = np.full((2, 2, 2, 2), 0.5, np.float32), np.full((2, 1, 1, 1), 0.5, np.float32)
    names = [("g1/a", space), ("g1/b", space), ("g2/a", space), ("g2/b", once), ("g3", once)]
    routing = Routing([GateMap(name, ("x", "y"), weights, np.eye(4)) for name, weights in names])
    assert [gate.name for gate in gates_to_show(routing)] == ["g1/b", "g2/a"]


@pytest.mark.parametrize("module", ["results", "nifti", "folder"])
def test_the_way_to_the_label_map_imports_nothing_heavy(module: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(Path(humor.__file__).parents[1])!r}); "
        f"import humor.output.{module}; "
        "print([m for m in ('matplotlib', 'torch', 'monai', 'scipy', 'SimpleITK', 'nrrd', 'nibabel') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
