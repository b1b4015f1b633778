"""The page as a file: it holds every number of its JSON, loads nothing, says what its pictures show, and is readable.

What it looks like is for tests/browser.
"""

import json
import os
import re
from html.parser import HTMLParser

import pytest

import helios
from helios.errors import InputError
from helios.reporting.chart import Axis, tick_text
from helios.reporting.contents import sizes_on_disk
from helios.reporting.section import brief, bytes_text, tidy
from helios.reporting.style import STYLE


class Page(HTMLParser):
    """The text, the tags with their attributes, and the headings of a page."""

    def __init__(self, path):
        super().__init__()
        self.text, self.tags, self.headings = [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def page(reports):
    return Page(reports.page)


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for entry in value for leaf in leaves(entry)]
    return [value]


def test_every_number_of_the_json_is_on_the_page(reports, page):
    stored = json.loads(reports.metrics.read_text())
    assert stored == reports.numbers
    words = set(re.findall(r"[^\s;]+", " ".join(page.text)))
    numbers = [leaf for leaf in leaves(stored) if isinstance(leaf, int | float)]
    assert len(numbers) > 300
    for number in numbers:
        assert (f"{number:,}" if isinstance(number, int) else f"{number:.6g}") in words
    for text in (leaf for leaf in leaves(stored) if isinstance(leaf, str)):
        assert text in " ".join(page.text)


def test_the_page_loads_and_runs_nothing(page):
    assert not [tag for tag, _ in page.tags if tag in ("script", "iframe", "object", "form", "base")]
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "xlink:href", "action", "srcset", "data"):
                assert value.startswith("data:"), (tag, name)
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_pictures_are_told_and_headings_are_in_order(page):
    pictures = [attributes for tag, attributes in page.tags if tag == "img"]
    charts = [attributes for tag, attributes in page.tags if tag == "svg" and attributes.get("class") == "chart"]
    assert len(pictures) >= 1 + 3
    assert len(charts) >= 8
    assert all(len(picture["alt"]) > 10 for picture in pictures)
    assert all(chart["role"] == "img" and len(chart["aria-label"]) > 20 for chart in charts)
    figures = [tag for tag, _ in page.tags if tag in ("figure", "figcaption")]
    assert figures == ["figure", "figcaption"] * (len(figures) // 2), "each with its caption"
    assert page.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(page.headings, page.headings[1:]) if after < 4)


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
def test_words_and_lines_stand_out_from_the_paper(scheme):
    """WCAG 2.1: 4.5 for text (1.4.3), 3 for what must be seen of charts (1.4.11)."""
    colors = dict(re.findall(r"--(\w+):(#\w+)", re.findall(r":root\{([^}]*)\}", STYLE)[scheme]))

    def luminance(name):
        digits = colors[name][1:]
        digits = "".join(2 * d for d in digits) if len(digits) == 3 else digits
        linear = [
            c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
            for c in (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one, other):
        low, high = sorted((luminance(one), luminance(other)))
        return (high + 0.05) / (low + 0.05)

    for text in ("ink", "soft"):
        assert min(contrast(text, "paper"), contrast(text, "card")) >= 4.5
    for line in ("bar", "trained", "start", "brightest", "mark"):
        assert contrast(line, "paper") >= 3.0


def test_the_same_universe_gives_the_same_bytes(reports, tmp_path):
    outputs = {"metrics": tmp_path / "numbers.json", "convergence": tmp_path / "curve.png"}
    helios.report(reports.trained, tmp_path / "page.html", **outputs)
    assert (tmp_path / "page.html").read_bytes() == reports.page.read_bytes()
    assert outputs["metrics"].read_bytes() == reports.metrics.read_bytes()
    assert outputs["convergence"].read_bytes() == reports.convergence.read_bytes()


def test_an_untrained_universe_has_a_calm_page(reports):
    text = " ".join(Page(reports.calm).text)
    assert "No cell of this universe is trained" in text
    for word in ("PSNR", "loss", "NaN", "nan", "error"):
        assert word not in text


def test_cells_and_rows_add_up(reports):
    numbers, universe = reports.numbers, reports.trained
    by_depth, by_stars = numbers["cells"]["by_depth"], numbers["cells"]["by_stars"]
    assert sum(row["stars"] for row in by_depth) == len(universe.stars()) == numbers["cells"]["stars"]
    assert sum(row["cells"] for row in by_depth) == len(universe) == sum(row["cells"] for row in by_stars)
    for row in by_depth:
        here = [len(cell) for cell in universe if cell.id.depth == row["depth"]]
        assert (row["cells"], row["stars"]) == (len(here), sum(here))
    rows = numbers["rows"]
    assert rows["rows_read"] == 200 == rows["rows_kept"] + sum(rows["rejected_by_reason"].values())


def test_sizes_are_those_of_its_own_files(reports, tmp_path):
    total = sum(
        os.path.getsize(os.path.join(f, name)) for f, _, names in os.walk(reports.trained.path) for name in names
    )
    sizes = reports.numbers["sizes"]
    assert sizes["bytes"] == total == sum(sizes["bytes_by_part"].values())
    assert {"stars", "cells", "trained splats", "landmarks", "levels of detail"} <= sizes["bytes_by_part"].keys()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "a").write_text("12345")
    assert sizes_on_disk(tmp_path) == {"pack for the web": 5}


def test_names_are_text_and_nothing_else(reports, tmp_path):
    os.symlink(reports.bare.path, tmp_path / "<b>&")
    helios.report(tmp_path / "<b>&", tmp_path / "page.html")
    assert "<b>&" not in (tmp_path / "page.html").read_text()


def test_numbers_as_they_are_written():
    assert tidy({"a": float("nan"), "b": (1.23456789, True, 3)}) == {"a": None, "b": [1.23457, True, 3]}
    assert [brief(x) for x in (0.0, 1234.5, -12.345, 3)] == ["0", "1,230", "−12.3", "3"]
    assert brief(-2e-5) == "<\N{NO-BREAK SPACE}0.001"
    assert [bytes_text(n) for n in (0, 999, 1000, 1234567, 5e12)] == ["0 bytes", "999 bytes", "1 kB", "1.23 MB", "5 TB"]


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (Axis("", 0.0, 100.0), ["0", "20", "40", "60", "80", "100"]),
        (Axis("", -10.0, 18.0), ["−10", "−5", "0", "5", "10", "15"]),
        (Axis("", 18.0, -10.0), ["−10", "−5", "0", "5", "10", "15"]),
        (Axis("", 0.0, 2.0, whole=True), ["0", "1", "2"]),
        (Axis("", 0.6, 3000.0, log=True), ["1", "10", "100", "1,000"]),
        (Axis("", 0.1, 1.3, log=True), ["0.1", "0.2", "0.5", "1"]),
        (Axis("", 1e-5, 1e4, log=True), ["10⁻⁵", "0.001", "0.1", "10", "1,000"]),
    ],
)
def test_ticks(axis, expected):
    assert [tick_text(value) for value in axis.ticks()] == expected


def test_outputs_that_cannot_be(reports, tmp_path):
    page = tmp_path / "page.html"
    for output, also, why in (
        (tmp_path, {}, "a directory stands there"),
        (tmp_path / "no" / "page.html", {}, "there is no folder"),
        (reports.trained.path / "page.html", {}, "lies in the universe itself"),
        (page, {"metrics": page}, "is named for two outputs"),
    ):
        with pytest.raises(InputError, match=why):
            helios.report(reports.trained, output, **also)
    assert not page.exists()
