"""The parameters of a batch of cells: one padded tensor that the optimiser changes, and its conversion to splats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helios.color import LUMINANCE
from helios.light import splat_luminosity
from helios.splats import Splats

# MKL, with which torch takes exponentials and logarithms on the CPU, picks its kernels at its first call. Where two
# threads make that at once, one may see the other's choice half made, and use a kernel that rounds differently. So the
# first call is this one, made before training has threads; it settles the choice for all later ones.
torch.exp(torch.zeros(1, device="cpu"))

LEAST_COLOR = 1e-6

COLUMNS = {
    "offsets": slice(0, 3),
    "quats": slice(3, 7),
    "log_scales": slice(7, 10),
    "log_luminosities": slice(10, 11),
    "raw_colors": slice(11, 14),
}
"""Where each parameter of a splat lies in a row of `Model.params`."""

WIDTH = 14
PAD_LUMINOSITY = -60.0


@dataclass
class Model:
    """Trainable float32 tensors of B cells with K slots each.

    `params` [B, K, 14] holds, by COLUMNS: `offsets` (3) from `anchors` [B, K, 3] in units of `strides` [B, K, 1], the
    splat's size at first, so that steps are in proportion to it; `quats` (4) wxyz, any norm; `log_scales` (3), of cell
    units; `log_luminosities` (1), the logarithm of 2 pi tau sigma^2, so that a splat keeps its light while its size
    changes; `raw_colors` (3), linear RGB up to a factor: a splat's colour has luminance 1.
    `mask` bool [B, K] says which slots hold a splat, `kept` bool [B, K] which of these are stars that training leaves
    unchanged; `caps` int64 [B] is each cell's budget, the most slots that may hold a splat.
    """

    params: Tensor
    anchors: Tensor
    strides: Tensor
    mask: Tensor
    kept: Tensor
    caps: Tensor

    @classmethod
    def of(
        cls,
        cells: Sequence[Splats],
        slots: int,
        device: torch.device,
        kept: Sequence[int] | None = None,
        caps: Sequence[int] | None = None,
    ) -> Model:
        """Return the model whose splats are `cells`, each padded to `slots` slots.

        `kept` says for each cell how many of its first splats are left unchanged, by default none; `caps` defaults to
        the number of splats.
        """

        def pad(arrays, fill):
            out = np.full((len(arrays), slots, *np.shape(fill)), fill, np.float32)
            for row, array in zip(out, arrays):
                row[: len(array)] = array
            return torch.tensor(out, device=device)

        rows = [params_of(s) for s in cells]
        return cls(
            params=pad(rows, (0, 0, 0, 1, 0, 0, 0, 0, 0, 0, PAD_LUMINOSITY, 1, 1, 1)),
            anchors=pad([s.means for s in cells], (0.0, 0.0, 0.0)),
            strides=pad([np.exp(np.mean(np.log(s.scales), axis=1, keepdims=True)) for s in cells], (1.0,)),
            mask=pad([np.ones(len(s)) for s in cells], 0.0) > 0,
            kept=pad([np.ones(n) for n in kept or [0] * len(cells)], 0.0) > 0,
            caps=torch.tensor(list(caps or map(len, cells)), dtype=torch.int64, device=device),
        )

    @property
    def offsets(self) -> Tensor:
        """The columns `offsets` of `params`, [B, K, 3]."""
        return self.params[..., COLUMNS["offsets"]]

    @property
    def quats(self) -> Tensor:
        """The columns `quats` of `params`, [B, K, 4]."""
        return self.params[..., COLUMNS["quats"]]

    @property
    def log_scales(self) -> Tensor:
        """The columns `log_scales` of `params`, [B, K, 3]."""
        return self.params[..., COLUMNS["log_scales"]]

    @property
    def log_luminosities(self) -> Tensor:
        """The column `log_luminosities` of `params`, [B, K, 1]."""
        return self.params[..., COLUMNS["log_luminosities"]]

    @property
    def raw_colors(self) -> Tensor:
        """The columns `raw_colors` of `params`, [B, K, 3]."""
        return self.params[..., COLUMNS["raw_colors"]]

    @property
    def free(self) -> Tensor:
        """Which slots training may change, bool [B, K]: those with a splat that is not kept."""
        return self.mask & ~self.kept

    @property
    def means(self) -> Tensor:
        """Positions [B, K, 3], cell units."""
        return self.anchors + self.strides * self.offsets

    def render_arguments(self, exposures: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return (means, quats, scales, opacities, colors) as a backend takes them, at `exposures` [B].

        Empty slots have opacity 0.
        """
        size = torch.exp(2.0 * self.log_scales.mean(dim=-1))
        tau = torch.exp(self.log_luminosities[..., 0]) / (2.0 * torch.pi * size)
        opacities = torch.where(self.mask, tau * exposures[:, None], 0.0)
        return self.means, self.quats, torch.exp(self.log_scales), opacities, self.colors()

    def colors(self) -> Tensor:
        """Return the splats' colours [B, K, 3], linear RGB of luminance 1."""
        positive = self.raw_colors.clamp(min=LEAST_COLOR)
        weights = positive.new_tensor(LUMINANCE)
        return positive / (positive * weights).sum(dim=-1, keepdim=True)

    @torch.no_grad()
    def splats(self) -> list[Splats]:
        """Return the splats of each cell at exposure 1, without empty slots, brightest first."""
        means, quats, scales, opacities, colors = self.render_arguments(self.strides.new_ones(len(self.strides)))
        quats = torch.nn.functional.normalize(quats, dim=-1)
        fields = [t.double().cpu().numpy() for t in (means, quats, scales, opacities, colors)]
        light = self.log_luminosities[..., 0].detach().cpu().numpy()
        cells = []
        for i, used in enumerate(self.mask.cpu().numpy()):
            order = np.flatnonzero(used)
            order = order[np.argsort(-light[i, order], kind="stable")]
            cells.append(Splats(*(field[i, order].astype(np.float32) for field in fields)))
        return cells


def params_of(splats: Splats) -> np.ndarray:
    """Return the rows of `Model.params`, float32 [K, 14], for splats at their anchors."""
    rows = np.zeros((len(splats), WIDTH), np.float32)
    rows[:, COLUMNS["quats"]] = splats.quats
    rows[:, COLUMNS["log_scales"]] = np.log(splats.scales)
    rows[:, COLUMNS["log_luminosities"]] = np.log(splat_luminosity(splats.opacities, splats.scales))[:, None]
    rows[:, COLUMNS["raw_colors"]] = splats.colors
    return rows


def slots_for(count: int) -> int:
    """Return the padded size of a cell of `count` splats: the next power of two, at least 8.

    It depends on the cell alone, so that a cell trains to the same bytes in any batch.
    """
    return max(8, 1 << (count - 1).bit_length())
