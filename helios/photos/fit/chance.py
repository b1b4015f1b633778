"""Chance that depends on a seed and a number only, so that a run that goes on needs to store none."""

from __future__ import annotations

import numpy as np
import torch

STEP, ORDER, CAMERAS, START, DENSITY, FIX, BUNDLE = range(7)
"""What random numbers are for; each purpose has its own."""


def generator(seed: int, purpose: int, number: int = 0) -> torch.Generator:
    """Return the generator, on the CPU, of this purpose and this step, epoch or round."""
    (state,) = np.random.SeedSequence([seed, purpose, number]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


class Epochs:
    """The order in which V things are taken: all of them, in an order by chance, before any comes again."""

    def __init__(self, seed: int, count: int):
        self._seed, self._count = seed, count
        self._epoch = -1
        self._order: list[int] = []

    def at(self, position: int) -> int:
        """Return which of the V is taken at `position`, counted from 0."""
        epoch, place = divmod(position, self._count)
        if epoch != self._epoch:
            chance = generator(self._seed, ORDER, epoch)
            self._epoch, self._order = epoch, torch.randperm(self._count, generator=chance).tolist()
        return self._order[place]
