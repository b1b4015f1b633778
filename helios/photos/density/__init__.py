"""Density control: where splats are added, moved and removed while a scene trains, never above a cap.

A new strategy is one file, its options in `helios.photos.density.options`, which help lists without torch, and one line
in DENSITY: a frozen dataclass whose fields are its options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from helios.registry import Registry

if TYPE_CHECKING:
    from torch import Generator

    from helios.photos.table import SplatTable
    from helios.rendering.opaque import Drawn

DENSITY = Registry(
    "density strategy",
    "helios.photo_density",
    {
        "default": "helios.photos.density.default:Default",
        "mcmc": "helios.photos.density.mcmc:MCMC",
        "spectral": "helios.photos.density.spectral:Spectral",
    },
)
"""`helios.photos.density.Density`; made with a cap: `DENSITY.make("mcmc:noise_lr=1e5", max_gaussians=12_000)`."""


@dataclass(frozen=True)
class Changes:
    """What a step did to a table: how many rows were added, removed, and moved to another place."""

    added: int = 0
    removed: int = 0
    moved: int = 0


@dataclass(frozen=True)
class Preset:
    """What suits a strategy where the user does not say: options of the trainer, by their names there."""

    init_opa: float = 0.1
    opacity_reg: float = 0.0
    scale_reg: float = 0.0


class Density(Protocol):
    """A frozen dataclass of options, one of them the cap `max_gaussians`, which no call exceeds.

    Steps count from 0. `rng` is the only source of chance, and its numbers are the same on every device that a table
    may be on: the same table, state, step and generator give the same bytes on any number of threads.
    """

    @property
    def preset(self) -> Preset:
        """What the trainer takes for options that go with the strategy."""
        ...

    @property
    def absgrad(self) -> bool:
        """Whether `after_backward` reads `means2d.absgrad` instead of `means2d.grad`."""
        ...

    def scaled(self, factor: float) -> Density:
        """Return the same strategy with its numbers of steps times `factor`, rounded down, as `steps_scaler` asks."""
        ...

    def begin(self, table: SplatTable, scene_scale: float) -> dict[str, Any]:
        """Return the state at step 0: tensors and numbers, which a checkpoint stores beside the table's.

        `scene_scale` is the largest distance of a camera from the cameras' mean, units of the scene. Raises
        InputError where the table has more rows than the cap.
        """
        ...

    def after_backward(self, table: SplatTable, state: dict[str, Any], step: int, drawn: Drawn, rng: Generator) -> None:
        """Note in `state` what the gradients of this step say."""
        ...

    def after_step(
        self, table: SplatTable, state: dict[str, Any], step: int, means_lr: float, rng: Generator
    ) -> Changes:
        """Change `table` and `state` as is due after the optimiser's step, whose rate for `means` was `means_lr`."""
        ...
