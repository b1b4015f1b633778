"""A universe for the tests of packs of the format v2: a tree of some depths, of a field and two clusters."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.packing.v2.format import V2
from helios.packing.v2.reader import V2Pack
from helios.universe import Universe
from tests.unit.packing.scene import LANDMARK

MEASURED = {"distance": "edsd", "epoch": "J2026.9"}
"""Options of a build that stores the motion of each star, and the errors of its distance."""


def make_universe(path: Path, stars: int = 6000, faintest: float = 20.0, **options: Any) -> Universe:
    """Build a universe at `path` of `stars`: two thirds in clusters of 2 pc, the others over 5 to 5,000 pc.

    They move, and their distances have errors, which the universe has by `options` like MEASURED. One in ten is without
    a proper motion.
    """
    rng, table = np.random.default_rng(9), path.with_name(f"{path.name}.csv")
    third = stars // 3
    field = rng.normal(size=(stars - 2 * third, 3))
    field *= (10 ** rng.uniform(0.7, 3.7, len(field)) / np.linalg.norm(field, axis=1))[:, None]
    centres = np.array([[60.0, -40.0, 80.0], [-300.0, 900.0, 20.0]])
    place = np.concatenate([field, *(centre + rng.normal(0, 2.0, (third, 3)) for centre in centres)])
    r = np.linalg.norm(place, axis=1)
    ra, dec = np.degrees(np.arctan2(place[:, 1], place[:, 0])) % 360, np.degrees(np.arcsin(place[:, 2] / r))
    mag = np.minimum(5.0 - 2.5 * np.log10(rng.pareto(1.0, stars) + 1e-6) + 8.0, faintest)
    color = np.where(rng.random(stars) < 0.1, np.nan, rng.normal(1.2, 0.8, stars))
    text = ["source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp,parallax_error,pmra,pmdec,radial_velocity"]
    columns = (rng.permutation(stars) + (1 << 60), ra, dec, 1000.0 / r, mag, color)
    motion = np.where(rng.random(stars) < 0.1, np.nan, rng.normal(0, 20.0, (3, stars)))
    columns += (rng.uniform(0.001, 0.1, stars) * 1000.0 / r, *motion)
    text += [",".join("" if v != v else repr(v) for v in row) for row in zip(*(c.tolist() for c in columns))]
    table.write_text("\n".join(text) + "\n")
    build_universe(BuildConfig(stars=(str(table),), **options), path, [LANDMARK])
    return Universe.open(path)


def pack_of_several_shards(folder: Path) -> V2Pack:
    """Make a pack `folder`/pack of small shards and pages, with side files of all kinds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helios.packing.v2.write.SHARD_BYTES", 20_000)
        patch.setattr("helios.packing.v2.pages.PAGE_CELLS", 8)
        patch.setattr("helios.packing.v2.pages.MOST_BYTES", 1200)
        (folder / "pack").mkdir()
        return V2().write(make_universe(folder / "universe", **MEASURED), folder / "pack")
