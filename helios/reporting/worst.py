"""The trained cells that stand worst for their stars, as pictures: the truth, the splats, and what differs."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from helios.color import LUMINANCE
from helios.pictures.tone import signed, to_srgb
from helios.progress import Advance, OnEvent, Stage, ignore
from helios.rendering.backend import WEIGHT_MIN
from helios.rendering.raster import draw_images
from helios.reporting.png import encode_png, png_url
from helios.reporting.section import Figure, Section
from helios.reporting.training import REFERENCE, TrainedCells
from helios.threads import run_striped
from helios.training.cameras import look_at_origin
from helios.training.scene import Frame, cell_exposure, draw_truth
from helios.universe.store import Universe

COUNT = 10
SIZE_PX = 192

ZOOM = 2.0
"""By how much the pictures are closer than those of training: the cell then fills most of them."""

_SCALE_QUANTILE = 0.999
"""The colours of a difference end where this share of the pixels is below."""

_DIRECTION = np.array([0.48, -0.6, 0.64])
"""Where the camera stands, seen from the cell, in every picture: no special place."""


def worst_cells(cells: TrainedCells) -> NDArray[np.int64]:
    """Return up to COUNT of the fitted cells, as places in `cells`, those of the largest flux error first."""
    error = np.where(cells.fitted, cells.metrics[f"flux_error_{REFERENCE}_trained"], -np.inf)
    order = np.argsort(-error, kind="stable")[: int(cells.fitted.sum())]
    return order[:COUNT]


def worst_section(cells: TrainedCells, on_event: OnEvent = ignore) -> Section:
    """Return pictures of the worst cells. Raises StoreError if their stars or splats are damaged."""
    chosen = worst_cells(cells)
    on_event(Stage("drawing", len(chosen), "cells"))
    figures, rows = [], []
    for place in chosen.tolist():
        index = int(cells.index[place])
        row = {
            "cell": str(cells.universe.cells[index]),
            "stars": int(cells.stars[place]),
            "splats": int(cells.splats[place]),
            "flux_error_percent": float(cells.metrics[f"flux_error_{REFERENCE}_trained"][place]),
            "psnr_db": float(cells.metrics[f"psnr_{REFERENCE}_trained"][place]),
            "light_error_mmag": float(cells.metrics["light_error_trained"][place]),
        }
        rows.append(row)
        figures.append(_figure(row, *pictures(cells.universe, index)))
        on_event(Advance(len(figures)))
    words = [
        f"These are the cells in which most light is in the wrong place, the worst first, seen from {REFERENCE} radii "
        "away. On the left are the stars, in the middle the splats that stand for them, and on the right the "
        "difference: orange where the splats are brighter than the stars, blue where they are fainter, black where "
        "both are alike. Differences are enlarged until the largest of each cell has the full colour: the caption says "
        "how much light that is."
    ]
    return Section("worst_cells", "The worst cells", words, figures, {"worst": rows})


def pictures(universe: Universe, index: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the stars and the splats of a trained cell from REFERENCE radii: linear float32 [SIZE_PX, SIZE_PX, 3].

    Both at the exposure at which the cell is trained, by the law of light with nothing left out.
    """
    frame = Frame.of(universe.cell(index))
    cell = frame.enter(universe.cell(index))
    splats = universe.splats(index)
    assert splats is not None, "only trained cells are drawn"
    splats = frame.enter_splats(splats)
    exposure = cell_exposure(cell, SIZE_PX)
    views = look_at_origin(_DIRECTION[None] * float(REFERENCE) * cell.radius, np.zeros(1), SIZE_PX)
    views.Ks[:, :2, :2] *= ZOOM
    columns = (splats.means, splats.quats, splats.scales, exposure * splats.opacities, splats.colors)
    scene = [np.ascontiguousarray(column, np.float32)[None] for column in columns]
    truth = draw_truth(cell, views, SIZE_PX, exposure)[0]
    drawn = np.empty((1, 1, SIZE_PX, SIZE_PX, 3), np.float32)
    run_striped(draw_images, 1, None, drawn, *scene, views.viewmats[None], views.Ks[None], WEIGHT_MIN)
    return truth, drawn[0, 0]


def _figure(row: dict, truth: NDArray[np.float32], drawn: NDArray[np.float32]) -> Figure:
    difference = (drawn - truth).astype(np.float64) @ LUMINANCE
    scale = float(np.quantile(np.abs(difference), _SCALE_QUANTILE))
    images = "".join(
        f'<img width="{SIZE_PX}" height="{SIZE_PX}" alt="{escape(words)} of cell {row["cell"]}" '
        f'src="{png_url(encode_png(picture))}">'
        for words, picture in (
            ("Stars", to_srgb(truth)),
            ("Splats", to_srgb(drawn)),
            ("Difference", signed(difference, scale)),
        )
    )
    caption = (
        f"Cell {row['cell']}: {row['splats']:,} splats for {row['stars']:,} stars; {row['flux_error_percent']:.3g} % "
        f"of the light in the wrong place, PSNR {row['psnr_db']:.3g} dB. The colours of the difference end at "
        f"{100.0 * scale:.2g} % of white."
    )
    return Figure(f'<div class="trio">{images}</div>', caption)
