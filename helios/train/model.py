"""The parameters of a batch of cells: padded tensors that the optimiser moves, and what they mean as splats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helios.light import splat_luminosity
from helios.splats import Splats

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Luminance of linear RGB with Rec. 709 primaries (ITU-R BT.709-6, item 3.2)."""

RATES = {"offsets": 30.0, "quats": 10.0, "log_scales": 20.0, "log_luminosities": 10.0, "raw_colors": 5.0}
"""Adam's rate of each parameter as a multiple of the run's learning rate."""

_PAD_LUMINOSITY = -60.0


@dataclass
class Model:
    """Trainable float32 tensors of B cells with K slots each.

    `offsets` [B, K, 3] from `anchors` [B, K, 3] in units of `strides` [B, K, 1], the splat's first size, so that a
    step is as large as the splat can feel; `log_scales` [B, K, 3] cell units; `quats` [B, K, 4] wxyz, any norm;
    `log_luminosities` [B, K], the logarithm of 2 pi tau sigma^2, so that a splat keeps its light while its size
    changes; `raw_colors` [B, K, 3], linear RGB up to a factor: a splat's colour has luminance 1.
    `mask` [B, K] says which slots hold a splat, `kept` [B, K] which of these are stars to be left as they are.
    """

    offsets: Tensor
    quats: Tensor
    log_scales: Tensor
    log_luminosities: Tensor
    raw_colors: Tensor
    anchors: Tensor
    strides: Tensor
    mask: Tensor
    kept: Tensor

    @classmethod
    def of(cls, cells: Sequence[Splats], slots: int, device: torch.device, kept: Sequence[int] | None = None) -> Model:
        """The model that starts as `cells`, each padded to `slots`; the first `kept` splats of each are left alone."""

        def pad(arrays, fill):
            out = np.full((len(arrays), slots, *np.shape(fill)), fill, np.float32)
            for row, array in zip(out, arrays):
                row[: len(array)] = array
            return torch.tensor(out, device=device)

        return cls(
            offsets=pad([np.zeros((len(s), 3)) for s in cells], (0.0, 0.0, 0.0)),
            quats=pad([s.quats for s in cells], (1.0, 0.0, 0.0, 0.0)),
            log_scales=pad([np.log(s.scales) for s in cells], (0.0, 0.0, 0.0)),
            log_luminosities=pad([np.log(splat_luminosity(s.opacities, s.scales)) for s in cells], _PAD_LUMINOSITY),
            raw_colors=pad([s.colors for s in cells], (1.0, 1.0, 1.0)),
            anchors=pad([s.means for s in cells], (0.0, 0.0, 0.0)),
            strides=pad([np.exp(np.mean(np.log(s.scales), axis=1, keepdims=True)) for s in cells], (1.0,)),
            mask=pad([np.ones(len(s)) for s in cells], 0.0) > 0,
            kept=pad([np.ones(n) for n in kept or [0] * len(cells)], 0.0) > 0,
        )

    def parameters(self) -> dict[str, Tensor]:
        """The five trainable tensors by name."""
        return {name: getattr(self, name) for name in RATES}

    def require_grad(self) -> None:
        """Let gradients reach the parameters."""
        for tensor in self.parameters().values():
            tensor.requires_grad_(True)

    def spare_kept(self) -> None:
        """Let no gradient reach the splats that are kept."""
        for tensor in self.parameters().values():
            tensor.grad.masked_fill_(self.kept.reshape(*self.kept.shape, *[1] * (tensor.ndim - 2)), 0.0)

    @property
    def means(self) -> Tensor:
        """Positions [B, K, 3], cell units."""
        return self.anchors + self.strides * self.offsets

    def render_arguments(self, exposures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return (means, quats, scales, opacities, colors) as a backend takes them, at `exposures` [B].

        Padded slots have opacity 0.
        """
        size = torch.exp(2.0 * self.log_scales.mean(dim=-1))
        tau = torch.exp(self.log_luminosities) / (2.0 * torch.pi * size)
        opacities = torch.where(self.mask, tau * exposures[:, None], 0.0)
        return self.means, self.quats, torch.exp(self.log_scales), opacities, self.colors()

    def colors(self) -> Tensor:
        """Linear RGB of luminance 1, [B, K, 3]."""
        positive = self.raw_colors.clamp(min=1e-6)
        weights = positive.new_tensor(LUMINANCE)
        return positive / (positive * weights).sum(dim=-1, keepdim=True)

    @torch.no_grad()
    def splats(self) -> list[Splats]:
        """The cells' splats at exposure 1, without padding, brightest first."""
        means, quats, scales, opacities, colors = self.render_arguments(self.strides.new_ones(len(self.strides)))
        quats = torch.nn.functional.normalize(quats, dim=-1)
        fields = [t.double().cpu().numpy() for t in (means, quats, scales, opacities, colors)]
        light = self.log_luminosities.detach().cpu().numpy()
        cells = []
        for i, used in enumerate(self.mask.cpu().numpy()):
            order = np.flatnonzero(used)
            order = order[np.argsort(-light[i, order], kind="stable")]
            cells.append(Splats(*(field[i, order].astype(np.float32) for field in fields)))
        return cells


def slots_for(count: int) -> int:
    """The padded size of a cell of `count` splats: the next power of two, at least 8.

    It depends on the cell alone, so that a cell trains to the same bytes in whatever batch it is.
    """
    return max(8, 1 << (count - 1).bit_length())
