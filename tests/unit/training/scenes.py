"""Small cells for the tests of training."""

import numpy as np

from helios.grid import CellId
from helios.light import opacity_of
from helios.splats import Cell, Emitters, Splats


def cell_of(means, luminosities, colors=None, theta: int = 0) -> Cell:
    """A cell 100 parsecs from the Sun and about as large, with the given emitters in cell units."""
    means = np.asarray(means, np.float32)
    colors = np.ones((len(means), 3)) if colors is None else colors
    emitters = Emitters(means, np.asarray(luminosities, np.float32), np.asarray(colors, np.float32))
    return Cell(CellId(3, 5, theta, 3), np.array([3e18, 1e18, 0.0]), 1e18, 1.4, emitters)


def cluster(count: int, seed: int) -> Cell:
    """Stars at random in a box, over 7 magnitudes."""
    rng = np.random.default_rng(seed)
    light = 1e-12 * 10.0 ** (-0.4 * rng.uniform(0, 7, count))
    return cell_of(rng.uniform(-0.7, 0.7, (count, 3)), light, theta=seed % 16)


def needles(count: int, stars: int) -> Cell:
    """Straight rows of equal stars, each row as thin as light can be, far apart in a plane."""
    along = np.linspace(-0.15, 0.15, stars)
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
