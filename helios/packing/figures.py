"""The figures of the constellations with the places of their stars, for a site."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from helios.catalog.bright_stars import BrightStars
from helios.catalog.positions import positions_m
from helios.catalogs_path import embedded

CONSTELLATIONS = "constellations.json"
FIGURES_VERSION = 1


def figures_text() -> str:
    """Return the JSON text of the embedded figures and the stars that they join.

    `stars` are [HR number, x, y, z, G]: float64 metres, barycentric mean ecliptic J2000, as of the embedded list at its
    epoch, and magnitudes; the `pairs` of `figures` count them from 0. The same catalogues give the same bytes.
    """
    document: dict[str, Any] = json.loads(embedded(CONSTELLATIONS).read_text("utf-8"))
    numbers = sorted({number for figure in document["figures"] for pair in figure["pairs"] for number in pair})
    stars = BrightStars().stars
    order = np.argsort(-stars.source_id, kind="stable")
    rows = order[np.searchsorted(-stars.source_id[order], numbers)]
    places, magnitudes = positions_m(stars[rows]).tolist(), stars.phot_g_mean_mag[rows].tolist()
    listed = [[number, *place, magnitude] for number, place, magnitude in zip(numbers, places, magnitudes)]
    place_of = {number: place for place, number in enumerate(numbers)}
    figures = [
        figure | {"pairs": [[place_of[number] for number in pair] for pair in figure["pairs"]]}
        for figure in document["figures"]
    ]
    whole = document | {"version": FIGURES_VERSION, "stars": listed, "figures": figures}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False) + "\n"
