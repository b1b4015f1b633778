"""Everything that decides what training makes of a cell. Defaults, units, ranges and help stand here only."""

import dataclasses
import hashlib
import json

from helios.options import check_limits, option

LEAST_SPLATS = 8
"""A budget below this saves fewer bytes than the cell's own header takes."""


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """Settings of a training run. Raises InputError, naming option, value and limit, for what cannot be.

    The same settings, seed, universe and backend give the same bytes; `digest` names them.
    """

    iterations: int = option(1000, "Optimiser steps per cell.", (0, 1_000_000))
    learning_rate: float = option(1e-3, "Adam's rate; each parameter takes its own multiple of it.", (1e-9, 1.0))
    views_per_iter: int = option(4, "Images per step and cell.", (1, 256))
    image_size: int = option(256, "Width and height of the training images, pixels.", (16, 4096))
    lambda_dssim: float = option(0.2, "Share of D-SSIM against L1 in the image loss, 0 to 1.", (0.0, 1.0))
    lambda_isotropy: float = option(0.05, "Weight of the variance of a splat's three log-scales.", (0.0, 1e6))
    lambda_collapse: float = option(0.1, "Weight of a splat's flatness beyond --min-scale-ratio.", (0.0, 1e6))
    min_scale_ratio: float = option(
        0.1, "Shortest over longest axis below which a splat counts as collapsed, 0 to 1.", (0.0, 1.0)
    )
    lambda_flux: float = option(1.0, "Weight of the light in blocks of 1 to 32 pixels (the pyramid).", (0.0, 1e6))
    ratio: float = option(0.25, "Splats per emitter, above 0 up to 1; 1 keeps every star as it is.", (1e-6, 1.0))
    densify_interval: int = option(
        100, "Steps between two rounds of pruning and splitting; 0 for none.", (0, 1_000_000)
    )
    densify_until: int = option(800, "No pruning or splitting after this step.", (0, 1_000_000))
    prune_opacity_threshold: float = option(
        0.01, "Splats of less light than a point that peaks so at 5 cell radii are reused.", (0.0, 0.999)
    )
    seed: int = option(0, "Seed of cameras, view order and the sides that split splats take.", (0, 2**63 - 1))

    def __post_init__(self):
        check_limits(self)

    def splat_count(self, emitters: int) -> int:
        """The budget of a cell of this many emitters: `ratio` of them, rounded; all of the first LEAST_SPLATS."""
        return max(min(emitters, LEAST_SPLATS), round(self.ratio * emitters))

    def digest(self, **context: object) -> str:
        """32 hex digits that name these settings together with `context` (backend, fingerprint of the universe)."""
        text = json.dumps(dataclasses.asdict(self) | context, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
