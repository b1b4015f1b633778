"""Small cells for the tests of training."""

import numpy as np

from helios.cells import frames_of, half_sides_of, to_cell_units
from helios.grid import CellId
from helios.light import opacity_of
from helios.splats import Cell, Emitters, Splats


def cell_of(means, luminosities, colors=None, theta: int = 0) -> Cell:
    """A cell 100 parsecs from the Sun, in the frame that fits it, of emitters at `means` in units of 30 parsecs."""
    position_m = np.array([3e18, 1e18, 0.0]) + 1e18 * np.asarray(means, np.float64)
    box = position_m.min(axis=0), position_m.max(axis=0)
    origin_m, half_extent_m = frames_of(*box)
    colors = np.ones((len(position_m), 3)) if colors is None else colors
    luminosities = np.asarray(luminosities, np.float64) * (1e18 / half_extent_m) ** 2
    emitters = Emitters(
        to_cell_units(position_m, origin_m, half_extent_m),
        luminosities.astype(np.float32),
        np.asarray(colors, np.float32),
    )
    radius = float(np.linalg.norm(half_sides_of(*box)) / half_extent_m)
    return Cell(CellId(3, 5, theta, 3), origin_m, float(half_extent_m), radius, emitters)


def cluster(count: int, seed: int) -> Cell:
    """Stars at random in a box, over 7 magnitudes."""
    rng = np.random.default_rng(seed)
    light = 1e-12 * 10.0 ** (-0.4 * rng.uniform(0, 7, count))
    return cell_of(rng.uniform(-0.7, 0.7, (count, 3)), light, theta=seed % 16)


def needles(count: int, stars: int) -> Cell:
    """Straight rows of equal stars, each row as thin as light can be, far apart in a plane."""
    along = np.linspace(-0.22, 0.22, stars)
    angle = 2 * np.pi * np.arange(count) / count
    centres = 0.6 * np.stack([np.cos(angle), np.sin(angle), 0.0 * angle], axis=1)
    directions = np.stack([np.cos(2.4 * angle), np.sin(2.4 * angle), 0.5 + 0.0 * angle], axis=1)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    means = (centres[:, None] + along[None, :, None] * directions[:, None]).reshape(-1, 3)
    return cell_of(means, np.full(len(means), 1e-12))


def splats_at(means, sigma: float = 0.02, light: float = 1e-12) -> Splats:
    """Equal white balls at the given places."""
    count = len(means)
    return Splats(
        np.asarray(means, np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1)),
        np.full((count, 3), sigma, np.float32),
        np.full(count, opacity_of(light, sigma), np.float32),
        np.ones((count, 3), np.float32),
    )
