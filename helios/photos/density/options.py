"""The options of every density strategy. Torch is not imported: `helios scene train --help` lists them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from helios.errors import InputError
from helios.options import option
from helios.photos.density import Preset

if TYPE_CHECKING:
    from helios.photos.table import SplatTable

S = TypeVar("S", bound="Rounds")

STEPS = (0, 1_000_000_000)
"""Limits of every option that is a number of steps."""


@dataclass(frozen=True)
class Rounds:
    """Options of all strategies: rounds take place between two steps, at every multiple of a third number."""

    preset: ClassVar[Preset] = Preset()

    max_gaussians: int

    refine_start_iter: int = option(500, "No round up to this step.", STEPS, unit="steps")
    refine_stop_iter: int = option(15_000, "No round from this step on.", STEPS, unit="steps")
    refine_every: int = option(100, "Steps between two rounds.", (1, STEPS[1]), unit="steps")

    def scaled(self: S, factor: float) -> S:
        """Return the same options with every number of steps times `factor`, rounded down, none below its limit."""
        steps = {f.name: f.metadata["limits"][0] for f in dataclasses.fields(self) if f.metadata.get("unit") == "steps"}
        return dataclasses.replace(
            self, **{name: max(least, int(getattr(self, name) * factor)) for name, least in steps.items()}
        )

    def due(self, step: int) -> bool:
        """Whether a round takes place after `step`."""
        return self.refine_start_iter < step < self.refine_stop_iter and step % self.refine_every == 0

    def check_cap(self, table: SplatTable, cap: int) -> None:
        """Raise InputError where `table` has more than `cap` rows."""
        if len(table) > cap:
            raise InputError(f"the start has {len(table)} splats, must be at most {cap}: raise --max-gaussians")


@dataclass(frozen=True)
class DefaultOptions(Rounds):
    """Of `helios.photos.density.default.Default`."""

    prune_opa: float = option(0.005, "Splats of a lower opacity are pruned.", (0.0, 1.0))
    grow_grad2d: float = option(
        0.0002, "Splats of a greater mean gradient of their projected centre are cloned or split.", (0.0, 1e9)
    )
    grow_scale3d: float = option(0.01, "Size, x scene scale, up to which a splat is cloned, not split.", (0.0, 1e9))
    grow_scale2d: float = option(0.05, "Splats of a greater radius, x image size, are split.", (0.0, 1e9))
    prune_scale3d: float = option(0.1, "Splats of a greater size, x scene scale, are pruned.", (0.0, 1e9))
    prune_scale2d: float = option(0.15, "Splats of a greater radius, x image size, are pruned.", (0.0, 1e9))
    refine_scale2d_stop_iter: int = option(0, "Radii in images count up to this step.", STEPS, unit="steps")
    reset_every: int = option(3000, "Steps between two resets of opacities.", (1, STEPS[1]), unit="steps")
    pause_refine_after_reset: int = option(0, "No round for so many steps after a reset.", STEPS)
    absgrad: bool = option(False, "Sum absolute gradients over pixels (AbsGS): grow_grad2d 0.0008 then.")
    revised_opacity: bool = option(False, "Split an opacity so that both parts together have it (2404.06109).")


@dataclass(frozen=True)
class MCMCOptions(Rounds):
    """Of `helios.photos.density.mcmc.MCMC`."""

    preset: ClassVar[Preset] = Preset(init_opa=0.5, opacity_reg=0.01, scale_reg=0.01)

    refine_stop_iter: int = option(25_000, "No round from this step on.", STEPS, unit="steps")
    cap_max: int = option(1_000_000, "Most splats; --max-gaussians where that is lower.", (1, 1_000_000_000))
    noise_lr: float = option(5e5, "Noise on positions, x their learning rate.", (0.0, 1e12))
    min_opacity: float = option(0.005, "Splats up to this opacity are moved.", (0.0, 1.0))


@dataclass(frozen=True)
class SpectralOptions(DefaultOptions):
    """Of `helios.photos.density.spectral.Spectral`: those of `default`, and more."""

    enable_spectral_splitting: bool = option(True, "Halve needles; false is the baseline without.")
    spectral_threshold: float = option(
        0.5, "Entropy, nats, below which a splat is a needle: 0.5 is that of axes 3.6 : 1 : 1.", (0.0, 1.0986)
    )
    spectral_split_factor: float = option(1.6, "By how much the halves of a needle are shorter.", (1.01, 2.0))


OPTIONS: dict[str, type] = {"default": DefaultOptions, "mcmc": MCMCOptions, "spectral": SpectralOptions}
"""By the names of `helios.photos.density.DENSITY`, whose entries inherit from these."""
