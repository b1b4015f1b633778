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
    universe = helios.build([table], directory / "universe", landmarks=landmarks, solar_system="none")
    helios.pack(universe)
    return helios.write_site(universe, directory / "site").path


def stars_csv(path, count=20_000):
    """Random stars of a layer 100 pc thick around the Sun, of magnitude 8 to 15 and 100 to 1000 pc away."""
    rng = np.random.default_rng(5)
    ra, r = rng.uniform(0, 360, count), 10 ** rng.uniform(2, 3, count)
    dec = np.degrees(np.arcsin(np.clip(rng.normal(0, 50, count) / r, -1, 1)))
    columns = np.column_stack(
        [np.arange(count), ra, dec, 1000 / r, rng.uniform(8, 15, count), rng.uniform(0, 2, count)]
    )
    head = "source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"
    np.savetxt(path, columns, "%d,%.6f,%.6f,%.6f,%.3f,%.3f", header=head, comments="", delimiter=",")


def make_random_site(folder: Path, count: int = 20_000, **options) -> Path:
    """Build the universe of the stars of `stars_csv` in `folder`; return the directory of its site."""
    stars_csv(folder / "stars.csv", count)
    universe = helios.build([folder / "stars.csv"], folder / "universe", solar_system="none", **options)
    helios.pack(universe)
    return helios.write_site(universe, folder / "site").path
