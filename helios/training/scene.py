"""Scenes: a cell's stars, with the cameras, exposure and images to train and judge it by."""

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


@dataclass(frozen=True)
class Frame:
    """The frame of training: the cell's own, whose origin is the centre of its stars, with the cell's radius as unit.

    `radius` is that of the cell, cell units: cameras, sizes and strides are counted in it.
    """

    radius: float

    @classmethod
    def of(cls, cell: Cell) -> "Frame":
        """Return the frame of `cell`, whose origin and radius must be those of its stars, as in a universe."""
        return cls(cell.radius)

    def enter(self, cell: Cell) -> Cell:
        """Return the same cell with the radius as its unit, so that its radius is 1."""
        stars = cell.emitters
        luminosities = stars.luminosities.astype(np.float64) / self.radius**2
        return replace(
            cell,
            half_extent_m=cell.half_extent_m * self.radius,
            radius=1.0,
            emitters=Emitters(stars.means / self.radius, luminosities.astype(np.float32), stars.colors),
        )

    def enter_splats(self, splats: Splats) -> Splats:
        """Return `splats`, given in cell units, in the units of this frame; their opacities do not change."""
        return self._scaled(splats, 1.0 / self.radius)

    def leave(self, splats: Splats) -> Splats:
        """Return `splats`, given in the units of this frame, in cell units; their opacities do not change."""
        return self._scaled(splats, self.radius)

    def _scaled(self, splats: Splats, by: float) -> Splats:
        means, scales = (
            (column.astype(np.float64) * by).astype(np.float32) for column in (splats.means, splats.scales)
        )
        return replace(splats, means=means, scales=scales)


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
    def light(self) -> float:
        """The luminosity of all its stars together, in the units of its frame."""
        return float(self.cell.emitters.luminosities.sum(dtype=np.float64))

    @property
    def view_weights(self) -> NDArray[np.float64]:
        """The weight [V] of each of `views` in the pyramid: the square of its distance, 1 at REFERENCE_RADII.

        The pyramid is relative to the light in a view. Unweighted, near views, which K splats cannot match, would
        outweigh the far views, which they can match and in which they are used.
        """
        return (self.views.distances / (REFERENCE_RADII * self.cell.radius)) ** 2

    @classmethod
    def of(cls, cell: Cell, config: TrainConfig, budget: int | None = None) -> "Scene":
        """Return the scene of a cell: the same in every batch. Of `config` only seed, image size and ratio matter.

        Without a `budget` it gets what the ratio gives a cell by itself.
        """
        frame = Frame.of(cell)
        cell = frame.enter(cell)
        size = config.image_size
        rng, judge = (np.random.default_rng([config.seed, cell.id.depth, cell.id.key, use]) for use in (0, 1))
        exposure = cell_exposure(cell, size)
        views, judge_views = training_views(cell, size, rng), held_out_views(cell, size, judge)
        truths = (draw_truth(cell, v, size, exposure) for v in (views, judge_views))
        budget = config.splat_count(len(cell.emitters)) if budget is None else budget
        return cls(cell, budget, frame, exposure, views, next(truths), judge_views, next(truths), rng)
