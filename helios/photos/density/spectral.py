"""`spectral`: `default`, and needles, which it does not see, are halved along their axis."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from helios.photos.density.default import Default
from helios.photos.density.options import SpectralOptions
from helios.photos.density.shapes import halved, spectral_entropy
from helios.photos.table import SplatTable


@dataclass(frozen=True)
class Spectral(SpectralOptions, Default):
    """Splits splats by their shape too: a needle has a low entropy of the spectrum of its covariance, and hardly any
    gradient of its centre (Huang et al. 2024, https://arxiv.org/abs/2409.12771).

    Under the cap, those are served first that pass their threshold, of gradient or of entropy, by the greatest factor.
    Without `enable_spectral_splitting` this is `default` with the same options.
    """

    def _needles(self, table: SplatTable, strength: Tensor) -> tuple[Tensor, Tensor]:
        if not self.enable_spectral_splitting:
            return super()._needles(table, strength)
        entropy = spectral_entropy(table.params["scales"])
        needles = entropy < self.spectral_threshold
        excess = self.spectral_threshold / entropy.clamp(min=1e-6)
        return torch.where(needles, torch.maximum(strength, excess), strength), needles

    def _halves(self, rows: dict[str, Tensor]) -> dict[str, Tensor]:
        return halved(rows, self.spectral_split_factor)
