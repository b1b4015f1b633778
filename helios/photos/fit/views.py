"""What a photograph, or a fixed picture of a novel view, demands of the splats: colours, where, and how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from helios.photos.fit.ahead import Ahead
from helios.photos.fit.chance import STEP, Epochs, generator
from helios.simd import JIT


class View(Protocol):
    """A picture with its camera: a `helios.photos.data.dataset.Photograph` is one."""

    @property
    def viewmat(self) -> NDArray[np.float64]:
        """World to camera, [4, 4]."""
        ...

    @property
    def K(self) -> NDArray[np.float64]:
        """Camera to pixels, [3, 3]."""
        ...

    @property
    def width(self) -> int: ...

    @property
    def height(self) -> int: ...

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 [H, W, 3]."""
        ...


class NovelView(View, Protocol):
    """A fixed picture, and where it may be trusted."""

    def trust(self) -> NDArray[np.uint8]:
        """Return how far each pixel counts, uint8 [H, W], 255 where all the way."""
        ...


@dataclass(frozen=True)
class Demand:
    """What one step asks of the picture of one camera."""

    view: View
    camera: int | None  # which of the photographs, None for a novel view
    truth: Tensor  # float32 [H, W, 3], over `background`
    counts: Tensor | None  # float32 [H, W] in [0, 1], None where every pixel does
    weight: float
    background: Tensor  # float32 [3]


@dataclass(frozen=True)
class Demands:
    """The choice of what each step trains on.

    Photographs come in an order by chance, all before any again; once there are novel views, each of a step's places
    is taken by one of them with the probability `novel_share`, and what it asks for counts `novel_weight`.
    """

    photographs: Sequence[Any]  # of Photograph
    ahead: Ahead  # the same, decoded on time
    device: torch.device
    seed: int
    batch_size: int
    random_background: bool
    outside_is_background: bool
    novel_share: float = 0.0
    novel_weight: float = 0.0

    def of_step(self, step: int, order: Epochs, novel: Sequence[NovelView]) -> list[Demand]:
        """Return the demands of the step after `step` others."""
        chance = generator(self.seed, STEP, step)
        places = range(step * self.batch_size, (step + 1) * self.batch_size)
        self.ahead.expect(map(order.at, range(places.start, places.stop + self.ahead.places)))
        found = []
        for place in places:
            rolled, which, *color = torch.rand(5, generator=chance, dtype=torch.float64).tolist()
            background = torch.tensor(color if self.random_background else [0.0] * 3, dtype=torch.float32)
            if novel and rolled < self.novel_share:
                found.append(self._novel(novel[int(which * len(novel))], background))
            else:
                found.append(self._photograph(order.at(place), background))
        return found

    def _photograph(self, camera: int, background: Tensor) -> Demand:
        image, mask = self.ahead.take(camera)
        truth, background, counts = _unit(image, self.device), background.to(self.device), None
        if mask is not None:
            inside = _unit(mask, self.device)
            if self.outside_is_background:
                truth = truth * inside[..., None] + (1.0 - inside)[..., None] * background
            else:
                counts = inside
        return Demand(self.photographs[camera], camera, truth, counts, 1.0, background)

    def _novel(self, view: NovelView, background: Tensor) -> Demand:
        truth, trust = _unit(view.image(), self.device), _unit(view.trust(), self.device)
        return Demand(view, None, truth, trust, self.novel_weight, torch.zeros_like(background).to(self.device))


def _unit(values: NDArray[np.uint8], device: torch.device) -> Tensor:
    """Return 0 to 255 as float32 from 0 to 1 on `device`, to which bytes go, not floats."""
    if device.type != "cpu":
        return torch.tensor(values, device=device).to(torch.float32).mul_(1.0 / 255.0)
    unit = np.empty(values.shape, np.float32)
    _scale_bytes(unit.reshape(-1), np.ascontiguousarray(values).reshape(-1))
    return torch.from_numpy(unit)


@njit(**JIT)
def _scale_bytes(unit, values):
    for i in range(len(values)):
        unit[i] = np.float32(values[i]) * np.float32(1.0 / 255.0)
