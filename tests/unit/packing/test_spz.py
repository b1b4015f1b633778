"""SPZ holds what it can and tells what it cannot, against the bytes of the file and a float64 count of places.

What other programs read from these files is in `tests/browser/test_other_viewers.py`.
"""

import gzip
import itertools
import re

import numpy as np
import pytest

from helios.building.build import build_universe
from helios.building.config import BuildConfig
from helios.errors import InputError
from helios.packing import spz
from helios.packing.export import export
from helios.universe import Universe


def universe_of(folder, rows) -> Universe:
    """A universe of stars (ra, dec, parallax in mas, magnitude) at `folder`."""
    lines = [",".join(map(repr, (number, *row))) for number, row in enumerate(rows, start=1)]
    folder.with_suffix(".csv").write_text("\n".join(["source_id,ra,dec,parallax,phot_g_mean_mag", *lines]) + "\n")
    build_universe(BuildConfig(stars=(str(folder.with_suffix(".csv")),)), folder, [])
    return Universe.open(folder)


def sky(count: int) -> list[list[float]]:
    rng = np.random.default_rng(3)
    dec, ra = np.degrees(np.arcsin(rng.uniform(-1, 1, count))), rng.uniform(0, 360, count)
    parallax, mag = 10 ** rng.uniform(0, 2.5, count), rng.uniform(0, 15, count)
    return np.stack([ra, dec, parallax, mag], axis=1).tolist()


def columns(path, count):
    data = gzip.decompress(path.read_bytes())
    ends = 16 + count * np.cumsum([0, 9, 1, 3, 3, 4])
    return [np.frombuffer(data[a:b], np.uint8).reshape(count, -1) for a, b in itertools.pairwise(ends)]


def test_stars_keep_their_light_and_stay_round(tmp_path):
    """G 0 to 15 from 3 to 1000 pc, a range of 1e7 in size squared, to 0.4 %."""
    universe = universe_of(tmp_path / "sky", sky(500))
    exported = export(universe, tmp_path / "sky.spz", "spz")
    _, alphas, colors, scales, rotations = columns(exported.path, 500)
    assert (scales == scales[:, :1]).all()
    assert (colors == colors[:, :1]).all()  # no colour was measured: white
    assert 0.75 * 255 < alphas.min() <= alphas.max() < 0.95 * 255
    assert (rotations.view("<u4") == 3 << 30).all()  # w is the largest component, the others are zero
    assert exported.notes == ()
    sigma2 = np.exp(2 * (scales[:, 0] / 16 - 10)) * exported.unit_m**2
    white = 0.5 + spz.COLOR_STEP * (colors[:, 0] - 127.5)
    stored = 2 * np.pi * alphas[:, 0] / 255 * white * sigma2
    wanted = []
    for i in range(len(universe)):
        cell = universe.cell(i)
        wanted.append(cell.emitters.luminosities.astype(np.float64) * cell.half_extent_m**2)
    np.testing.assert_allclose(stored, np.concatenate(wanted), rtol=0.004)


def test_stars_that_share_a_place_are_counted(tmp_path):
    """Three stars 1 au apart in a sky of 1000 pc, whose steps are of 25 au: three places become one."""
    close = [(80 + k / 3600 / 100, 0.0, 10.0, 5.0) for k in range(3)]
    universe = universe_of(tmp_path / "sky", [*close, (0.0, 45.0, 1.0, 8.0), (180.0, -45.0, 1.0, 8.0)])
    exported = export(universe, tmp_path / "sky.spz", "spz")
    steps = columns(exported.path, 5)[0]
    assert len(np.unique(steps, axis=0)) == 3
    (note,) = exported.notes
    assert re.fullmatch(r"splats that share the place of another: 2 \(SPZ has steps of .* pc here\)", note)
    step_pc = float(note.split("steps of ")[1].split()[0])
    assert step_pc == pytest.approx(exported.unit_m / 2**10 / 3.0857e16, rel=0.05)
    assert export(universe, tmp_path / "sky.ply", "ply").notes == ()


def test_too_many_splats_are_refused_before_they_are_read(tmp_path, monkeypatch):
    universe = universe_of(tmp_path / "sky", [(80.0, 0.0, 10.0, 5.0), (80.0, 1.0, 10.0, 5.0)])
    monkeypatch.setattr(spz, "MOST_SPLATS", 1)
    with pytest.raises(InputError, match=r"spz: 2 splats, must be at most 1 \(choose cells with --cells\)"):
        export(universe, tmp_path / "sky.spz", "spz")
    assert not (tmp_path / "sky.spz").exists()
