"""The report on a universe: its page, the numbers of it, and the curve of its training."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import helios
from helios.errors import InputError
from helios.files import check_file, write_file
from helios.progress import OnEvent, ignore
from helios.reporting.asteroids import FEWEST, asteroids_section
from helios.reporting.contents import cells_section, rows_section, sizes_section
from helios.reporting.convergence import convergence_png, require_matplotlib
from helios.reporting.page import page_html
from helios.reporting.section import Section, brief, bytes_text, tidy
from helios.reporting.sky import sky_section
from helios.reporting.star_counts import count_stars
from helios.reporting.stars import diagram_section, distances_section
from helios.reporting.training import TrainedCells, light_section, training_section, untrained_section
from helios.reporting.worst import worst_section
from helios.solar.bodies_file import bodies_of
from helios.solar.conics import semi_major_axes_au
from helios.universe.index import read_bodies
from helios.universe.paths import bodies_path
from helios.universe.store import Universe

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class ReportResult:
    """A report that was written: the `page`, of `size_bytes`, and its numbers by section, as JSON holds them."""

    page: Path
    size_bytes: int
    metrics: dict[str, Any]


def report(
    universe: Universe | PathLike,
    output: PathLike = "report.html",
    *,
    metrics: PathLike | None = None,
    convergence: PathLike | None = None,
    on_event: OnEvent = ignore,
) -> ReportResult:
    """Write a page about `universe` that anyone can read as the HTML file `output`, and return its numbers.

    Where they are named, the numbers are also written as the JSON file `metrics`, and the loss curve of the training
    as the PNG `convergence`. Files appear whole or not at all; the same universe gives the same bytes. Stars are read
    in blocks. Raises InputError, before any star is read, where an output is no file, lies in the universe or is named
    twice, or `convergence` is asked of a universe whose training left no curve; StoreError where the universe is
    damaged, OSError where a file cannot be written.
    """
    universe = Universe.open(universe.path if isinstance(universe, Universe) else Path(universe))
    page = Path(output)
    numbers_file, curve_file = (None if path is None else Path(path) for path in (metrics, convergence))
    check_outputs(universe.path, [path for path in (page, numbers_file, curve_file) if path is not None])
    cells = TrainedCells(universe)
    curve = _curve(cells) if curve_file is not None else b""
    counts = count_stars(universe, on_event)
    sections = [
        sky_section(universe),
        diagram_section(counts),
        distances_section(counts),
        *_bodies(universe),
        cells_section(universe),
        rows_section(universe),
        *_training(cells, on_event),
        sizes_section(universe),
    ]
    numbers = {"universe": {"name": _name(universe), "digest": universe.fingerprint, "helios": helios.__version__}}
    numbers |= {section.key: tidy(section.numbers) for section in sections}
    foot = (
        f"Made by helios {helios.__version__} of the universe with the digest {universe.fingerprint}. All numbers are "
        "those of its files; nothing on this page is loaded from elsewhere."
    )
    html = page_html(_name(universe), _lead(numbers), _tiles(numbers), sections, foot).encode()
    if numbers_file is not None:
        write_file(numbers_file, (json.dumps(numbers, indent=1, allow_nan=False) + "\n").encode())
    if curve_file is not None:
        write_file(curve_file, curve)
    write_file(page, html)
    return ReportResult(page, len(html), numbers)


def check_outputs(universe: Path, outputs: list[Path]) -> None:
    """Raise InputError unless the `outputs` are different files, or none yet, outside the folder `universe`."""
    for number, path in enumerate(outputs):
        check_file(path)  # before hours of work, not after them
        if not path.parent.is_dir():
            raise InputError(f"{path}: there is no folder {path.parent}; make it, or name another place")
        if path.resolve().is_relative_to(universe.resolve()):
            raise InputError(f"{path}: lies in the universe itself, which holds no other files; name another place")
        if path.resolve() in (other.resolve() for other in outputs[:number]):
            raise InputError(f"{path}: is named for two outputs; give each a file of its own")


def _curve(cells: TrainedCells) -> bytes:
    require_matplotlib()
    curves = cells.loss_curves()
    if not len(curves):
        why = "its training kept no losses; train it again" if len(cells) else "no cell of it is trained"
        raise InputError(f"--convergence: {cells.universe.path} has no curve of losses: {why}")
    return convergence_png(curves)


def _bodies(universe: Universe) -> list[Section]:
    content = read_bodies(universe.path)
    if content is None:
        return []
    orbits = bodies_of(content, bodies_path(universe.path))
    asteroids = orbits[orbits.kind == "asteroid"]
    return [asteroids_section(semi_major_axes_au(asteroids))] if len(asteroids) >= FEWEST else []


def _training(cells: TrainedCells, on_event: OnEvent) -> list[Section]:
    if not len(cells):
        return [untrained_section()]
    sections = [training_section(cells)]
    if cells.measured:
        sections.append(light_section(cells))
        if cells.fitted.any():
            sections.append(worst_section(cells, on_event))
    return sections


def _name(universe: Universe) -> str:
    return universe.path.resolve().name


def _lead(numbers: dict[str, Any]) -> list[str]:
    trained = numbers["training"]["trained_cells"]
    cells, stars = numbers["cells"]["cells"], numbers["cells"]["stars"]
    state = (
        f"{trained:,} of the cells are trained: fewer splats stand for their stars, and this page tells how well."
        if trained
        else "No cell is trained yet: every star stands for itself."
    )
    return [
        "Helios makes a universe of a star catalogue: a map of stars in space, cut into cells, through which a browser "
        "flies. This page tells what is in one of them.",
        f"It holds {stars:,} stars in {cells:,} cells. {state}",
    ]


def _tiles(numbers: dict[str, Any]) -> dict[str, str]:
    distances, training = numbers["distances"], numbers["training"]
    tiles = {
        "Stars": f"{numbers['cells']['stars']:,}",
        "Cells": f"{numbers['cells']['cells']:,}",
        "Nearest star": f"{distances['nearest_pc']:.3g} pc",
        "Farthest star": f"{distances['farthest_pc']:,.0f} pc",
        "Size on disk": bytes_text(numbers["sizes"]["bytes"]),
        "Trained cells": f"{training['trained_cells']:,}",
    }
    if "light" in numbers:
        tiles["Light off by"] = f"{brief(numbers['light']['light_error'][0]['together_mmag'])} mmag"
    return tiles
