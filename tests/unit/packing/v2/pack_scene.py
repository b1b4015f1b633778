"""A universe for the tests of packs of the format v2: a tree of some depths, of a field and two clusters."""

from pathlib import Path

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.packing.v2.format import V2
from helios.packing.v2.reader import V2Pack
from helios.universe import Universe
from tests.unit.packing.scene import LANDMARK


def make_universe(path: Path, stars: int = 6000, faintest: float = 20.0, **rule: int) -> Universe:
    """Build a universe at `path` of `stars`: two thirds in clusters of 2 pc, the others over 5 to 5,000 pc."""
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
    text = ["source_id,ra,dec,parallax,phot_g_mean_mag,bp_rp"]
    columns = (rng.permutation(stars) + (1 << 60), ra, dec, 1000.0 / r, mag, color)
    text += [",".join("" if v != v else repr(v) for v in row) for row in zip(*(c.tolist() for c in columns))]
    table.write_text("\n".join(text) + "\n")
    build_universe(BuildConfig(stars=(str(table),), **rule), path, [LANDMARK])
    return Universe.open(path)


def pack_of_several_shards(folder: Path) -> V2Pack:
    """Make a pack `folder`/pack of small shards and pages."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("helios.packing.v2.write.SHARD_BYTES", 20_000)
        patch.setattr("helios.packing.v2.pages.PAGE_CELLS", 8)
        patch.setattr("helios.packing.v2.pages.MOST_BYTES", 1200)
        (folder / "pack").mkdir()
        return V2().write(make_universe(folder / "universe"), folder / "pack")
