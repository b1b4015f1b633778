"""The splats of a scene and what their optimiser remembers of each: one table, whose rows stay in step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from helios.errors import InputError

NAMES = ("means", "scales", "quats", "opacities", "sh0", "shN")
"""The columns of a table, named as in gsplat."""


class SplatTable:
    """N splats as trained: parameters, and the two moments of Adam of each.

    `params` are float32 leaves that require gradients, by NAMES: means [N, 3], units of the scene; scales [N, 3],
    natural logarithms of standard deviations; quats [N, 4], wxyz of any norm > 0; opacities [N], logits; sh0 [N, 1, 3]
    and shN [N, K - 1, 3], coefficients of the real spherical harmonics of K = (degree + 1)^2. `exp_avg` and
    `exp_avg_sq` have the same names and shapes. `steps` counts the steps that the optimiser has taken.

    Whoever changes rows does it by `keep`, `append` and `write`: a changed row has no past, its moments are 0.
    """

    def __init__(self, params: Mapping[str, Tensor]):
        """Take parameters [N, ...] by NAMES, which are copied; the moments are 0.

        Raises InputError where one is missing, has another shape, or holds a number that is not finite.
        """
        check_params(params)
        self.params = {name: _leaf(params[name].to(torch.float32, copy=True)) for name in NAMES}
        self.exp_avg = {name: torch.zeros_like(param) for name, param in self.params.items()}
        self.exp_avg_sq = {name: torch.zeros_like(param) for name, param in self.params.items()}
        self.steps = 0

    def __len__(self) -> int:
        return len(self.params["means"])

    @property
    def device(self) -> torch.device:
        """Where the table is."""
        return self.params["means"].device

    @property
    def sh_degree(self) -> int:
        """The degree of the spherical harmonics that `shN` has room for."""
        return round((self.params["shN"].shape[1] + 1) ** 0.5) - 1

    def rows(self, index: Tensor) -> dict[str, Tensor]:
        """Return copies of the parameters of the rows `index`, int64 [M] or a mask [N], as `keep` takes them."""
        index = _numbers(index)
        return {name: param.detach().index_select(0, index) for name, param in self.params.items()}

    def keep(self, index: Tensor, *new: Mapping[str, Tensor]) -> None:
        """Keep the rows `index`, int64 [M] in the order wanted or a mask [N], with their moments, and drop all others.

        The rows of each of `new`, parameters [..., ...] by NAMES, follow them.
        """
        index = _numbers(index)
        self.params = {
            name: _leaf(_gather(p.detach(), index, [n[name] for n in new])) for name, p in self.params.items()
        }
        added = sum(len(rows["means"]) for rows in new)
        for moments in (self.exp_avg, self.exp_avg_sq):
            for name, moment in moments.items():
                moments[name] = _gather(moment, index, [moment.new_zeros(()).expand(added, *moment.shape[1:])])

    def append(self, rows: Mapping[str, Tensor]) -> None:
        """Add `rows`, parameters [M, ...] by NAMES, at the end."""
        self.keep(torch.arange(len(self), device=self.device), rows)

    @torch.no_grad()
    def write(self, index: Tensor, rows: Mapping[str, Tensor]) -> None:
        """Overwrite the rows `index` [M], no row twice, by `rows`; columns that these lack keep values and moments."""
        for name, values in rows.items():
            self.params[name][index] = values
            self.exp_avg[name][index] = 0.0
            self.exp_avg_sq[name][index] = 0.0

    def state(self) -> dict[str, Any]:
        """Return copies of everything, as tensors and numbers that `torch.save` stores and `restore` takes."""
        tables = {"params": self.params, "exp_avg": self.exp_avg, "exp_avg_sq": self.exp_avg_sq}
        copies = {key: {name: t.detach().clone() for name, t in table.items()} for key, table in tables.items()}
        return {**copies, "steps": self.steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Become, on the same device, the table that `state` was taken of."""
        device = self.device
        copies = {
            key: {name: state[key][name].to(device, copy=True) for name in NAMES}
            for key in ("params", "exp_avg", "exp_avg_sq")
        }
        self.params = {name: _leaf(param) for name, param in copies["params"].items()}
        self.exp_avg, self.exp_avg_sq = copies["exp_avg"], copies["exp_avg_sq"]
        self.steps = state["steps"]


def check_params(params: Mapping[str, Tensor]) -> None:
    """Raise InputError where `params` are no columns of a SplatTable, naming column, shape or row."""
    missing = [name for name in NAMES if name not in params]
    if missing:
        raise InputError(f"splats: no {', '.join(missing)} (a table has {', '.join(NAMES)})")
    count, harmonics = len(params["means"]), params["shN"].shape[1:2]
    shapes = {"means": (3,), "scales": (3,), "quats": (4,), "opacities": (), "sh0": (1, 3), "shN": (*harmonics, 3)}
    for name, shape in shapes.items():
        if tuple(params[name].shape) != (count, *shape):
            raise InputError(f"splats: {name} has the shape {list(params[name].shape)}, must be {[count, *shape]}")
        finite = torch.isfinite(params[name].detach()).reshape(count, -1).all(dim=1) if count else torch.tensor([])
        if not finite.all():
            row = int(torch.nonzero(~finite)[0])
            raise InputError(f"splats row {row}: {name} {params[name][row].tolist()} must be finite")
    if harmonics and round((harmonics[0] + 1) ** 0.5) ** 2 != harmonics[0] + 1:
        raise InputError(f"splats: shN has {harmonics[0]} coefficients, must be 0, 3, 8 or 15 (degree 0 to 3)")


def _numbers(index: Tensor) -> Tensor:
    return torch.nonzero(index)[:, 0] if index.dtype == torch.bool else index


def _gather(old: Tensor, index: Tensor, new: list[Tensor]) -> Tensor:
    """Return the rows `index` of `old`, then all of `new`, each copied once."""
    ends = [len(index)]
    for rows in new:
        ends.append(ends[-1] + len(rows))
    made = old.new_empty((ends[-1], *old.shape[1:]))
    torch.index_select(old, 0, index, out=made[: len(index)])
    for rows, start, end in zip(new, ends, ends[1:]):
        made[start:end] = rows
    return made


def _leaf(values: Tensor) -> Tensor:
    return values.detach().requires_grad_()
