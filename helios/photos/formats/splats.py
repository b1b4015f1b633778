"""The splats of a scene as files hold them, checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from helios.errors import InputError

WIDTHS = {"means": 3, "scales": 3, "quats": 4, "opacities": 1, "sh0": 3}
"""Numbers of a splat in each tensor but shN."""

MOST_DEGREE = 4
"""Of spherical harmonics in a file."""

BLOCK = 1 << 16
"""Splats that are laid out at a time, 16 MB of PLY at degree 3."""


@dataclass(frozen=True)
class SceneSplats:
    """The splats of a scene: `params` by gsplat's names, all float32.

    means [N, 3] in units of the scene; scales [N, 3], natural logarithms of standard deviations; quats [N, 4] wxyz, of
    any length but 0; opacities [N], logits; sh0 [N, 1, 3] and shN [N, K - 1, 3], coefficients of spherical harmonics.
    `antialiased` says whether they were trained to be drawn with their light independent of the size of a pixel;
    `step` is that of the training, 0 where it is not known.
    """

    params: Mapping[str, Tensor]
    antialiased: bool
    step: int = 0

    def __len__(self) -> int:
        return len(self.params["means"])

    @property
    def rest(self) -> int:
        """Coefficients of shN in each colour: K - 1."""
        return self.params["shN"].shape[1]

    @property
    def degree(self) -> int:
        return degree_of(self.rest)

    def columns(self) -> dict[str, NDArray[np.float32]]:
        """Return the tensors as float32 arrays [N, width], shN [N, K - 1, 3]. Raises InputError as `check` does."""
        self.check()
        return {
            name: _array(tensor).reshape(len(self), *((-1, 3) if name == "shN" else (WIDTHS[name],)))
            for name, tensor in self.params.items()
        }

    def check(self) -> None:
        """Raise InputError, saying which splat, where a number is not finite or a rotation has length 0."""
        if not len(self):
            raise InputError("the scene has no splats")
        for name, tensor in self.params.items():
            wrong = (~torch.isfinite(tensor.detach()).reshape(len(self), -1).all(dim=1)).nonzero()
            if len(wrong):
                raise InputError(
                    f"splat {int(wrong[0])} of {len(self):,}: {name} is not finite, as are {len(wrong):,} of them; "
                    "the training diverged, choose an earlier --step"
                )
        flat = (self.params["quats"].detach().abs().sum(dim=1) == 0).nonzero()
        if len(flat):
            raise InputError(f"splat {int(flat[0])} of {len(self):,}: quats is 0 0 0 0, no rotation")


def blocks(columns: Mapping[str, NDArray], size: int = BLOCK) -> Iterator[dict[str, NDArray]]:
    """Yield the rows of `columns`, `size` at a time."""
    for start in range(0, len(columns["means"]), size):
        yield {name: rows[start : start + size] for name, rows in columns.items()}


def degree_of(rest: int) -> int:
    """Return the degree of spherical harmonics with `rest` coefficients beside the constant one.

    Raises InputError where there is none up to MOST_DEGREE.
    """
    for degree in range(MOST_DEGREE + 1):
        if (degree + 1) ** 2 - 1 == rest:
            return degree
    raise InputError(f"shN: {rest} coefficients, must be 0, 3, 8, 15 or 24: spherical harmonics of degree 0 to 4")


def _array(tensor: Tensor) -> NDArray[np.float32]:
    return tensor.detach().cpu().to(torch.float32).contiguous().numpy()
