"""`spectral`: `default`, and needles, which it does not see, are halved along their axis."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from helios.options import option
from helios.photos.density.default import Default
from helios.photos.density.shapes import halved, spectral_entropy
from helios.photos.table import SplatTable


@dataclass(frozen=True)
class Spectral(Default):
    """Splits splats by their shape too: a needle has a low entropy of the spectrum of its covariance, and hardly any
    gradient of its centre (Huang et al. 2024, https://arxiv.org/abs/2409.12771).

    Under the cap, those are served first that pass their threshold, of gradient or of entropy, by the greatest factor.
    Without `enable_spectral_splitting` this is `default` with the same options.
    """

    enable_spectral_splitting: bool = option(True, "Halve needles; false is the baseline without.")
    spectral_threshold: float = option(
        0.5, "Entropy, nats, below which a splat is a needle: 0.5 is that of axes 3.6 : 1 : 1.", (0.0, 1.0986)
    )
    spectral_split_factor: float = option(1.6, "By how much the halves of a needle are shorter.", (1.01, 2.0))

    def _needles(self, table: SplatTable, strength: Tensor) -> tuple[Tensor, Tensor]:
        if not self.enable_spectral_splitting:
            return super()._needles(table, strength)
        entropy = spectral_entropy(table.params["scales"])
        needles = entropy < self.spectral_threshold
        excess = self.spectral_threshold / entropy.clamp(min=1e-6)
        return torch.where(needles, torch.maximum(strength, excess), strength), needles

    def _halves(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        return halved(rows, self.spectral_split_factor)
