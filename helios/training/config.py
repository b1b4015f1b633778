"""Everything that decides what training makes of a cell. Defaults, units, ranges and help stand here only."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import TYPE_CHECKING

from helios.errors import InputError
from helios.options import check_limits, option
from helios.training.registries import IMAGE_LOSSES, REGULARISERS, STARTS, STRATEGIES

if TYPE_CHECKING:
    from helios.training.loss import ImageLoss
    from helios.training.regularisers import Regulariser


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Settings of a training run. Raises InputError, naming option, value and limit, for what cannot be.

    The same settings, seed, universe and backend give the same bytes; `digest` names them.
    """

    iterations: int = option(500, "Optimiser steps per cell.", (0, 1_000_000))
    learning_rate: float = option(2e-3, "Adam's rate; each parameter takes its own multiple of it.", (1e-9, 1.0))
    views_per_iter: int = option(4, "Images per step and cell.", (1, 256))
    image_size: int = option(256, "Width and height of the training images, pixels.", (16, 4096))
    loss: str = option(
        "photometric",
        f"Image loss: {', '.join(IMAGE_LOSSES.names())}; options follow, as in charbonnier:eps=0.01.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    lambda_dssim: float = option(0.0, "photometric: share of D-SSIM against L1, 0 to 1.", (0.0, 1.0))
    lambda_isotropy: float = option(0.005, "Weight of the variance of a splat's three log-scales.", (0.0, 1e6))
    lambda_collapse: float = option(0.1, "Weight of a splat's flatness, past axes of 1 to 10.", (0.0, 1e6))
    lambda_flux: float = option(
        6.0, "photometric: weight of the light in blocks of 1 to 32 pixels (the pyramid).", (0.0, 1e6)
    )
    ratio: float = option(
        0.25,
        "Splats per star, on average over the universe, above 0 up to 1; 1 keeps every star as it is.",
        (1e-6, 1.0),
    )
    densify_interval: int = option(30, "Steps between two rounds of density control; 0 for none.", (0, 1_000_000))
    densify_until: int = option(400, "No density control after this step.", (0, 1_000_000))
    start: str = option(
        "mixture",
        f"What a cell's training starts from: {', '.join(STARTS.names())}; options follow, as in knn:neighbors=5.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    strategy: str = option(
        "fixed",
        f"Density control under the budget: {', '.join(STRATEGIES.names())}; options follow, as in mcmc:noise_lr=0.5.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    reg: tuple[str, ...] = option(
        (),
        f"One more regulariser, or another weight for one: {', '.join(REGULARISERS.names())}; may be repeated.",
        multiple=True,
        metavar="NAME[:OPTION=VALUE,...]=WEIGHT",
    )
    seed: int = option(0, "Seed of cameras, view order and of all chance in training.", (0, 2**63 - 1))

    def __post_init__(self):
        check_limits(self)
        self.image_loss()
        self.regularisers()
        STARTS.make(self.start)
        STRATEGIES.make(self.strategy)

    def image_loss(self) -> ImageLoss:
        """Return the loss that `loss` names."""
        return IMAGE_LOSSES.make(self.loss, lambda_dssim=self.lambda_dssim, lambda_flux=self.lambda_flux)

    def regularisers(self) -> dict[Regulariser, float]:
        """The weight of each regulariser that counts. Raises InputError where `reg` is no NAME=WEIGHT."""
        weights = {"isotropy": ("isotropy", self.lambda_isotropy), "collapse": ("collapse", self.lambda_collapse)}
        for text in self.reg:
            spec, _, weight = text.rpartition("=")
            try:
                weights[spec.partition(":")[0]] = spec, float(weight)
            except ValueError:
                raise InputError(f"--reg {text}: must be NAME=WEIGHT, such as isotropy=0.05") from None
            if not 0.0 <= float(weight) <= 1e6:
                raise InputError(f"--reg {text}: weight must be from 0 to 1e+06")
        made = {REGULARISERS.make(spec): weight for spec, weight in weights.values()}
        return {regulariser: weight for regulariser, weight in made.items() if weight}

    def splat_count(self, emitters: int) -> int:
        """The budget of a cell of this many emitters by itself: `ratio` of them, rounded, at least one."""
        return max(1, round(self.ratio * emitters))

    def digest(self, **context: object) -> str:
        """32 hex digits that name these settings together with `context` (backend, fingerprint of the universe)."""
        text = json.dumps(dataclasses.asdict(self) | context, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
