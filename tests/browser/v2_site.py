"""Makes sites of the format v2 for the browser tests, by Helios itself: of stars whose places and light they know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from astropy import units as u
from v1_site import Star

import helios
from helios.landmarks import Landmark


def make_site(directory: Path, stars: list[Star]) -> Path:
    """Build, pack and write the site of `stars`, each a landmark too; return its folder, `site` in `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    parsecs = [np.linalg.norm(star.position) / u.pc.to(u.m) for star in stars]
    rows = [f"{star.ra:.17g},{star.dec:.17g},{1e3 / pc:.17g},{star.mag}" for star, pc in zip(stars, parsecs)]
    table = directory / "stars.csv"
    table.write_text("\n".join(["ra,dec,parallax,phot_g_mean_mag", *rows]) + "\n")
    landmarks = [
        Landmark(star.name.lower().replace(" ", "-"), star.name, "star", tuple(star.position.tolist()), 1e9, "test", "")
        for star in stars
    ]
    universe = helios.build([table], directory / "universe", landmarks=landmarks)
    helios.pack(universe)
    return helios.write_site(universe, directory / "site").path
