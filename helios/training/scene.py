"""Scenes: a cell's stars in a frame that fits them, with the cameras, exposure and images to train and judge it by."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from helios.constants import EPS_PX2
from helios.rendering.truth import render_truth
from helios.splats import Cell, Emitters, Splats
from helios.training.cameras import REFERENCE_RADII, Views, focal_px, held_out_views, training_views
from helios.training.config import TrainConfig

MEDIAN_PEAK = 0.03
"""Peak opacity of the median star of a cell at REFERENCE_RADII: 7.6 of 255 grey levels."""


_SMALLEST_SHARE = 1e-5
"""Least radius of a frame as a share of the cell's: float32 positions resolve nothing smaller."""


@dataclass(frozen=True)
class Frame:
    """The sphere that holds a cell's stars: `centre` float64 [3] and `radius`, in cell units.

    Stars may fill only a small corner of a wide cell. Cameras surround this sphere rather than the cell. Its radius is
    the "cell radius" of training, and the unit in which positions are trained.
    """

    centre: NDArray[np.float64]
    radius: float

    @classmethod
    def around(cls, cell: Cell) -> "Frame":
        """Return the sphere around the centre of the bounding box of a cell's emitters.

        Its radius is at least _SMALLEST_SHARE of the cell's; if all emitters are in one place, it is the cell's.
        """
        means = cell.emitters.means.astype(np.float64)
        centre = (means.min(axis=0) + means.max(axis=0)) / 2.0
        radius = float(np.linalg.norm(means - centre, axis=1).max())
        return cls(centre, max(radius, _SMALLEST_SHARE * cell.radius) if radius > 0 else cell.radius)

    def enter(self, cell: Cell) -> Cell:
        """Return the same cell with this frame's centre as origin and its radius as unit, so that its radius is 1."""
        stars = cell.emitters
        means = (stars.means.astype(np.float64) - self.centre) / self.radius
        luminosities = stars.luminosities.astype(np.float64) / self.radius**2
        return replace(
            cell,
            origin_m=cell.origin_m + cell.half_extent_m * self.centre,
            half_extent_m=cell.half_extent_m * self.radius,
            radius=1.0,
            emitters=Emitters(means.astype(np.float32), luminosities.astype(np.float32), stars.colors),
        )

    def enter_splats(self, splats: Splats) -> Splats:
        """Return `splats`, given in cell units, in the units of this frame; their opacities do not change."""
        means = (splats.means.astype(np.float64) - self.centre) / self.radius
        scales = splats.scales.astype(np.float64) / self.radius
        return replace(splats, means=means.astype(np.float32), scales=scales.astype(np.float32))

    def leave(self, splats: Splats) -> Splats:
        """Return `splats`, given in the units of this frame, in cell units; their opacities do not change."""
        return replace(
            splats,
            means=(splats.means.astype(np.float64) * self.radius + self.centre).astype(np.float32),
            scales=(splats.scales.astype(np.float64) * self.radius).astype(np.float32),
        )


def cell_exposure(cell: Cell, image_size: int) -> float:
    """Return the exposure E at which a cell is trained in images of this size: its median star peaks at MEDIAN_PEAK.

    From the law of light (docs/design.md): alpha = E L f^2 / (2 pi eps d^2), L the star's luminosity in cell units.
    """
    distance = REFERENCE_RADII * cell.radius
    typical = float(np.median(cell.emitters.luminosities.astype(np.float64)))
    return MEDIAN_PEAK * 2.0 * np.pi * EPS_PX2 * distance**2 / (typical * focal_px(image_size) ** 2)


def draw_truth(cell: Cell, views: Views, image_size: int, exposure: float) -> NDArray[np.float32]:
    """Return the ground truth of a cell's emitters, float32 [V, H, W, 3]."""
    stars = cell.emitters
    return render_truth(
        stars.means, stars.luminosities, stars.colors, views.viewmats, views.Ks, image_size, image_size, exposure
    )


@dataclass(frozen=True)
class Scene:
    """One cell ready for training, in its frame. For a GPU, the CPU prepares it while an earlier batch trains.

    `budget` is how many splats it may have. `truth` float32 [V, H, W, 3] shows the cell's emitters from `views` at
    `exposure`, in linear RGB; `judge_truth` shows them from `judge_views`, which training never sees. `rng` is the
    generator that has drawn the cameras.
    """

    cell: Cell
    budget: int
    frame: Frame
    exposure: float
    views: Views
    truth: NDArray[np.float32]
    judge_views: Views
    judge_truth: NDArray[np.float32]
    rng: np.random.Generator

    @property
    def exact(self) -> bool:
        """Whether the budget has a splat for every star, so that there is nothing to train."""
        return self.budget >= len(self.cell.emitters)

    @property
    def view_weights(self) -> NDArray[np.float64]:
        """The weight [V] of each of `views` in the pyramid: the square of its distance, 1 at REFERENCE_RADII.

        The pyramid is relative to the light in a view. Unweighted, near views, which K splats cannot match, would
        outweigh the far views, which they can match and in which they are used.
        """
        return (self.views.distances / (REFERENCE_RADII * self.cell.radius)) ** 2

    @classmethod
    def of(cls, cell: Cell, config: TrainConfig) -> "Scene":
        """Return the scene of a cell: the same in every batch. Of `config` only seed, image size and budget matter."""
        frame = Frame.around(cell)
        cell = frame.enter(cell)
        size = config.image_size
        rng, judge = (np.random.default_rng([config.seed, cell.id.depth, cell.id.key, use]) for use in (0, 1))
        exposure = cell_exposure(cell, size)
        views, judge_views = training_views(cell, size, rng), held_out_views(cell, size, judge)
        truths = (draw_truth(cell, v, size, exposure) for v in (views, judge_views))
        budget = config.splat_count(len(cell.emitters))
        return cls(cell, budget, frame, exposure, views, next(truths), judge_views, next(truths), rng)
