"""The page shows everything that a run's folder holds, alone and quickly."""

from __future__ import annotations

import base64
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from humor.errors import InputError
from humor_training.monitoring.page import write_page
from humor_training.monitoring.run_figures import read_figures
from humor_training.monitoring.tables import HELD_OUT, LOSSES, Table
from training.monitoring.made_up import GATES, RECIPE, STEPS, SUBSETS


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

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data + " "

    def curves(self, kind: str = "line") -> list[str | None]:
        return [
            attributes["data-curve"]
            for tag, attributes in self.tags
            if tag == "g" and attributes.get("class") == kind
        ]


def page_of(folder: Path) -> Page:
    return Page(write_page(folder).read_text(encoding="utf-8"))


@pytest.fixture
def run(made_up_run: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(made_up_run, tmp_path / "made-up"))


def test_every_curve_is_drawn(run: Path) -> None:
    page = page_of(run)
    drawn = page.curves()
    for name in ("total", "segmentation", "balance", "entropy", "learning rate"):
        assert drawn.count(name) == 1, name
    assert page.curves("faint").count("total") == 1
    assert [drawn.count(name) for name in SUBSETS] == [3, 3, 2]  # the last has no ET
    assert [drawn.count(f"expert {number}") for number in (1, 2, 3)] == [len(GATES)] * 3


def test_figures_stages_and_recipe_are_written_out(run: Path) -> None:
    text = " ".join(page_of(run).text.split())
    assert "Training made-up" in text
    assert "Network humor_teacher_pyramid, 3 cases to learn from, 1 held out" in text
    assert f"of {5000}, stage 2 of 2" in text and "mean of all, at step 4000" in text
    assert "2: 144 × 176 × 144" in text
    assert "T1c + FLAIR 0.830 0.830 0.747 0.747 0.664 0.664" in text
    assert "T1 0.544 0.544 0.489 0.489 – –" in text
    assert " ".join(RECIPE.split()) in text


def test_last_loads_are_a_heat_table_in_which_idle_experts_are_marked(run: Path) -> None:
    html = write_page(run).read_text(encoding="utf-8")
    row = re.search(r"<tr><th>group4/block12</th>(.*?)</tr>", html)
    assert row
    cells = re.findall(r'<td( class="idle")? style="background:rgba\(68,119,170,(.*?)\)">(.*?)%</td>', row[1])
    assert [float(percent) for *_, percent in cells] == pytest.approx([42.4, 1.7, 55.8], abs=0.06)
    assert [bool(idle) for idle, *_ in cells] == [False, True, False]
    assert [float(alpha) for _, alpha, _ in cells] == pytest.approx([0.36, 0.01, 0.47], abs=0.01)


def test_the_latest_picture_is_embedded(run: Path) -> None:
    (source,) = [attributes["src"] for tag, attributes in page_of(run).tags if tag == "img"]
    assert source
    data = base64.b64decode(source.removeprefix("data:image/png;base64,"))
    assert data == (run / "samples" / f"step_{STEPS:08d}.png").read_bytes()


def test_the_page_loads_nothing_and_runs_nothing(run: Path) -> None:
    html = write_page(run).read_text(encoding="utf-8")
    without_picture = re.sub(r"base64,[\w+/=]+", "", html)
    assert re.findall(r"https?:|//\w|@import|url\(", without_picture) == []
    tags = Page(html).tags
    assert {tag for tag, _ in tags} & {"script", "link", "iframe", "object"} == set()
    assert "default-src 'none'" in html


def test_the_page_has_colours_for_light_and_dark(run: Path) -> None:
    html = write_page(run).read_text(encoding="utf-8")
    dark = html[html.index("prefers-color-scheme: dark") :]
    light_first, dark_first = re.findall(r"--c0: (#\w+);", html)[:2]
    assert light_first != dark_first and dark_first in dark


@pytest.mark.parametrize("gone", ["losses.csv", "held_out.csv", "gate_loads.csv", "recipe.yaml", "samples"])
def test_a_page_is_made_of_whatever_is_there(run: Path, gone: str) -> None:
    whole = page_of(run)
    shutil.rmtree(run / gone) if (run / gone).is_dir() else (run / gone).unlink()
    rest = page_of(run)
    headings = {
        "losses.csv": "Losses",
        "held_out.csv": "Dice on held-out cases",
        "gate_loads.csv": "Use of experts",
        "recipe.yaml": "Recipe",
        "samples": "Sample",
    }
    for name, heading in headings.items():
        assert f" {heading} " in whole.text
        assert (f" {heading} " in rest.text) is (name != gone), name


def test_a_training_that_has_only_begun_has_a_page(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    Table(tmp_path, LOSSES, 0)
    Table(tmp_path, HELD_OUT, 0)
    text = " ".join(page_of(tmp_path).text.split())
    assert "Step 0 of 5000, stage 1 of 2" in text


def test_the_first_note_and_the_first_check_are_enough(tmp_path: Path) -> None:
    row = {"step": 25, "seconds": 50.0, "learning_rate": 1e-3, "waiting_share": 0.0, "total": 1.0}
    Table(tmp_path, LOSSES, 0).add([row])
    Table(tmp_path, HELD_OUT, 0).add([{"step": 25, "subset": "t1", "WT": 0.5}])
    page = page_of(tmp_path)
    assert "total" in page.curves() and "t1" in page.curves()


def test_names_and_recipes_cannot_break_the_page(run: Path) -> None:
    row = {"step": STEPS + 25, "seconds": 1e4, "learning_rate": 1e-3, "waiting_share": 0.0}
    Table(run, LOSSES, STEPS).add([row | {"<b>&\"'": 0.5}])
    (run / "recipe.yaml").write_text("</code><script>alert(1)</script>")
    page = page_of(run)
    assert "<b>&\"'" in page.curves() and "script" not in {tag for tag, _ in page.tags}
    assert "recipe is of another version" in page.text


def test_speed_is_steps_per_minute_between_two_notes(tmp_path: Path) -> None:
    rows = [(100, 50.0), (200, 150.0), (300, 150.0), (400, 350.0)]
    Table(tmp_path, LOSSES, 0).add(
        [
            {"step": step, "seconds": seconds, "learning_rate": 0.0, "waiting_share": 0.0, "total": 1.0}
            for step, seconds in rows
        ]
    )
    speed = read_figures(tmp_path).speed
    assert speed.x.tolist() == [100, 200, 400] and speed.y.tolist() == [120.0, 60.0, 30.0]


def test_the_overall_dice_is_the_mean_of_all_known_figures(run: Path) -> None:
    Table(run, HELD_OUT, 0).add(
        [
            {"step": 10, "subset": "t1", "WT": 0.5, "TC": 0.25, "ET": float("nan")},
            {"step": 10, "subset": "t2", "WT": 0.75, "TC": 0.5, "ET": 0.0},
        ]
    )
    overall = read_figures(run).overall()
    assert overall.x.tolist() == [10] and overall.y.tolist() == [pytest.approx(2.0 / 5)]


def test_long_tables_give_a_small_page(tmp_path: Path) -> None:
    row = {"seconds": 1.0, "learning_rate": 1e-3, "waiting_share": 0.0}
    Table(tmp_path, LOSSES, 0).add(
        [row | {"step": step, "total": 1.0 + (step % 7)} for step in range(1, 20_001)]
    )
    html = write_page(tmp_path).read_text(encoding="utf-8")
    assert "total" in Page(html).curves() and len(html) < 100_000


def test_the_command_writes_the_page(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from argparse import ArgumentParser

    from humor_training.commands import fit

    parser = ArgumentParser()
    fit.add_parsers(parser.add_subparsers(required=True))
    args = parser.parse_args(["report", str(run)])
    args.run(args)
    assert (run / "report.html").exists() and "report.html" in capsys.readouterr().out


def test_a_folder_that_is_no_run_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"losses\.csv.*--run folder"):
        write_page(tmp_path)
    assert list(tmp_path.iterdir()) == []
