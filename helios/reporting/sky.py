"""The section with the picture of the whole sky."""

from __future__ import annotations

import numpy as np

from helios.pictures.eye import exposure_at
from helios.pictures.lights import stars_of, without_sun
from helios.pictures.picture import take
from helios.pictures.tone import shown
from helios.pictures.views import all_sky
from helios.reporting.png import encode_png, png_url
from helios.reporting.section import Figure, Section
from helios.universe.store import Universe

SIZE_PX = (1280, 640)

BRIGHTER = 2.0
"""Stops beyond the viewer's own exposure: a small map on paper or a phone shows more stars for it."""


def sky_section(universe: Universe) -> Section:
    """Return the map of all the sky as the Sun has it. Reads all stars, a block at a time."""
    view = all_sky(np.zeros(3), "mollweide", SIZE_PX, "galactic")
    picture = take(view, without_sun(stars_of(universe, view)))
    stops = picture.auto_ev + BRIGHTER
    url = png_url(encode_png(shown(picture.exposed(stops))))
    width, height = SIZE_PX
    image = (
        f'<img class="sky" width="{width}" height="{height}" src="{url}" '
        f'alt="Map of the whole sky with the {picture.lights:,} stars of this universe as the Sun has them.">'
    )
    caption = (
        "The whole night sky on one map, as seen from the Sun. The plane of the Milky Way runs along the middle, its "
        "centre is in the middle of the picture, and the left and right edges meet behind you. Every patch of sky has "
        "its true share of the map."
    )
    numbers = {"stars_drawn": picture.lights, "exposure_stops": stops, "exposure": exposure_at(stops)}
    return Section("sky", "The sky", [], [Figure(image, caption, wide=True)], numbers)
