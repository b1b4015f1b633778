"""The sections about a universe as it was built: its cells, the rows it was made of, and its size on disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from helios.errors import StoreError
from helios.reporting.chart import Axis, amounts_axis, bars, chart
from helios.reporting.section import Figure, Section, bars_html, bytes_text
from helios.universe.paths import INDEX, JOURNAL, LANDMARKS, PACK, STORE
from helios.universe.store import Universe

_PARTS = {
    f"{STORE}/emitters": "stars",
    f"{STORE}/cells": "cells",
    f"{STORE}/inner": "cells",
    f"{STORE}/splats": "trained splats",
    STORE: "levels of detail",
    PACK: "pack for the web",
    JOURNAL: "unfinished training",
    LANDMARKS: "landmarks",
    INDEX: "manifest",
    "bodies.parquet": "bodies of the solar system",
}
"""What the files of a universe hold, by the beginning of their path; the first that fits counts."""


def cells_section(universe: Universe) -> Section:
    """Return which depths of the grid have cells, and how many stars these hold."""
    depth, stars = universe.cells.depth.astype(np.int64), np.diff(universe.offsets)
    inner = universe.inner.cells.depth.astype(np.int64)
    deepest = int(depth.max())
    cells, above = (np.bincount(depths, minlength=deepest + 1) for depths in (depth, inner))
    held = np.bincount(depth, weights=stars, minlength=deepest + 1).astype(np.int64)
    rows = [
        {
            "depth": d,
            "cells": int(cells[d]),
            "cells_split_further": int(above[d]),
            "stars": int(held[d]),
            "median_stars_in_a_cell": float(np.median(stars[depth == d])) if cells[d] else None,
        }
        for d in range(deepest + 1)
    ]
    edges = np.arange(deepest + 2) - 0.5
    x = Axis("depth of the cell (each step halves its sides)", -0.5, deepest + 0.5, whole=True)
    figures = []
    for what, amounts, caption in (
        ("cells", cells, "How many cells of each size hold stars: deeper ones are smaller, and lie where stars crowd."),
        ("stars", held, "How many stars are in the cells of each depth."),
    ):
        y = amounts_axis(what, amounts)
        told = f"Bar chart of {what} by depth: {', '.join(f'{n:,} at depth {d}' for d, n in enumerate(amounts) if n)}."
        figures.append(Figure(chart(x, y, bars(x, y, edges, amounts), told), caption))
    powers = 2 ** np.arange(int(stars.max()).bit_length() + 1)
    filled = np.histogram(stars, powers)[0]
    x = Axis("stars in a cell", 1.0, float(powers[-1]), log=True)
    y = amounts_axis("cells", filled)
    told = f"Histogram of the stars in a cell, from {stars.min():,} to {stars.max():,}."
    figures.append(
        Figure(
            chart(x, y, bars(x, y, powers, filled), told),
            "How full the cells are: each bar counts the cells with up to twice as many stars as the bar before it.",
        )
    )
    rule = (
        f"All cells have the depth {universe.depth}."
        if universe.depth is not None
        else f"A cell was split into eight as long as it held more than {universe.leaf_capacity:,} stars."
    )
    words = [f"Space around the Sun is cut into cells, each of which can be loaded and trained by itself. {rule}"]
    numbers: dict[str, Any] = {
        "cells": len(universe),
        "stars": int(stars.sum()),
        "least_stars_in_a_cell": int(stars.min()),
        "median_stars_in_a_cell": float(np.median(stars)),
        "most_stars_in_a_cell": int(stars.max()),
        "by_depth": rows,
        "by_stars": [
            {"stars_from": int(low), "stars_to": int(high) - 1, "cells": int(n)}
            for low, high, n in zip(powers, powers[1:], filled)
        ],
    }
    return Section("cells", "How space is divided", words, figures, numbers)


def rows_section(universe: Universe) -> Section:
    """Return what became of the rows of the catalogues. Raises StoreError if the provenance is damaged."""
    made_of, stars = universe.provenance, int(universe.offsets[-1])
    try:
        rejected = {str(why): int(count) for why, count in made_of.get("rejected", {}).items()}
        files = [str(source["file"]) for source in made_of.get("inputs", []) if "file" in source]
        read, kept = made_of.get("rows_read"), int(made_of.get("kept", stars))
        merged = {str(name): int(count) for name, count in (made_of.get("merged") or {}).items()}
        bad_files = [str(name) for name in made_of.get("bad_files", [])]
        white = int(made_of.get("without_bp_rp") or 0)
        made_by = str(made_of.get("helios", "an unknown version"))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{universe.path}: damaged, its provenance does not read ({error}); build it again") from error
    lines = [("became stars", float(kept), f"{kept:,}")]
    lines += [(f"left out: {why}", float(count), f"{count:,}") for why, count in rejected.items()]
    told = "Rows of the catalogue that became stars, and those that were left out by reason"
    figure = Figure(
        bars_html(told, lines),
        "What became of the rows of the catalogues: every row is a star of this universe or is counted under the "
        "reason why it is not.",
        wide=True,
    )
    words = [f"It was made by helios {made_by} of {', '.join(files) or 'what came with it'}."]
    if merged:
        words.append(f"Rows merged with the list of bright stars that comes with helios: {merged.get('rows', 0):,}.")
    if bad_files:
        words.append(f"Files that could not be read and were skipped: {', '.join(bad_files)}.")
    numbers = {
        **({} if read is None else {"rows_read": int(read)}),
        "rows_kept": kept,
        "rows_rejected": sum(rejected.values()),
        "stars_without_colour_drawn_white": white,
        "rejected_by_reason": rejected,
        "merged_with_bright_stars": merged,
    }
    return Section("rows", "What it was made of", words, [figure], numbers)


def sizes_section(universe: Universe) -> Section:
    """Return how many bytes the parts of a universe take on the disk."""
    sizes = sizes_on_disk(universe.path)
    total, stars = sum(sizes.values()), int(universe.offsets[-1])
    rows = [(name, float(size), bytes_text(size)) for name, size in sorted(sizes.items(), key=lambda item: -item[1])]
    figure = Figure(
        bars_html("Bytes on disk by what they hold", rows),
        "How much room each part takes on the disk.",
        wide=True,
    )
    numbers: dict[str, Any] = {
        "bytes": total,
        "bytes_per_star": total / stars if stars else None,
        "bytes_by_part": sizes,
    }
    if universe.training is not None:
        splats, held = int(universe.training.offsets[-1]), int(np.diff(universe.offsets)[universe.trained].sum())
        numbers |= {"splats": splats, "stars_that_splats_stand_for": held}
    words = [f"All of it takes {bytes_text(total)}, {numbers['bytes_per_star'] or 0.0:.3g} bytes for each star."]
    return Section("sizes", "How large it is", words, [figure], numbers)


def sizes_on_disk(universe: Path) -> dict[str, int]:
    """Return the bytes of the files of `universe` by what they hold; files that are not its own do not count."""
    sizes: dict[str, int] = {}
    for folder, _, files in os.walk(universe):
        for name in files:
            path = Path(folder, name)
            place = path.relative_to(universe).as_posix()
            part = next((part for start, part in _PARTS.items() if f"{place}/".startswith(f"{start}/")), None)
            if part is not None:
                sizes[part] = sizes.get(part, 0) + path.stat().st_size
    return dict(sorted(sizes.items()))
