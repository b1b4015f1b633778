"""`spectral`: needles are halved along their longest axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from helios.training.regularisers.needle import spectral_entropy
from helios.training.strategies import Batch
from helios.training.strategies.merge_costs import MergeCosts
from helios.training.strategies.rounds import Rounds
from helios.training.strategies.slots import FILTER_SIGMA, LOG_SCALES, Slots

NEEDLE_ENTROPY = 0.6
"""Entropy, nats, of the spectrum of its covariance below which a splat is a needle: that of axes 3 : 1 : 1. A ball has
log 3 = 1.10, the flattest disc log 2 = 0.69."""


@dataclass(frozen=True)
class Spectral:
    """Splits splats by the spectrum of their covariance (`spectral_entropy`).

    Every round halves each needle, the brightest first, along its longest axis into two rounder splats that together
    have its light and covariance (`Slots.halve_longest`). At the cap, slots are freed by the mergers that change the
    images least (`MergeCosts`). A needle shorter than the pixel filter looks like a point and is left unchanged.
    """

    def begin(self, batch: Batch) -> _Control:
        return _Control(batch)


class _Control(Rounds):
    def change(self, b: int, slots: Slots, step: int) -> None:
        logs = slots.params[:, LOG_SCALES]
        entropy = spectral_entropy(torch.from_numpy(logs)).numpy()
        visible = logs.max(axis=1) > np.log(FILTER_SIGMA)
        needles = slots.free[(entropy < NEEDLE_ENTROPY)[slots.free] & visible[slots.free]]
        if not len(needles):
            return
        costs = MergeCosts(slots)
        for needle in needles[np.argsort(-slots.light(needles), kind="stable")].tolist():
            if costs.is_open(needle):
                into = costs.make_room(spared=needle)
                if into is None:
                    return
                slots.halve_longest(needle, into)
                costs.close(needle)
