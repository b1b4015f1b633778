"""The slots of one cell as density control sees them: splats are merged, split and moved with their light conserved."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from helios.color import LUMINANCE
from helios.constants import EPS_PX2
from helios.fixed_order import product
from helios.training.cameras import REFERENCE_RADII, focal_px
from helios.training.optim.adam import Adam
from helios.training.optim.model import COLUMNS, LEAST_COLOR, PAD_LUMINOSITY, Model
from helios.training.strategies.shapes import covariances, log_luminosities, principal_axes, rotations, shown_light

OFFSETS, QUATS, LOG_SCALES, LOG_LUMINOSITIES, COLORS = COLUMNS.values()

FILTER_SIGMA = float(np.sqrt(EPS_PX2)) * REFERENCE_RADII / focal_px(256)
"""Standard deviation, cell radii, of the pixel filter at REFERENCE_RADII in an image of the default size. Smaller
splats look like points from there."""

SHORTEST_STRIDE = 0.3 * FILTER_SIGMA
"""Smallest stride, cell radii. Strides are otherwise the splats' sizes, but steps in those would hardly move points."""

FLATTEST = 0.1
"""Least ratio of the shortest axis to the longest of a merged splat: two points would otherwise make a line."""

_LARGEST_LOG = 80.0
"""Largest absolute logarithm of a sound splat's size or light: exp(-80) and exp(80) are safe in float32."""


def open_cells(model: Model, adam: Adam) -> Iterator[tuple[int, Slots]]:
    """Yield (b, Slots) for every cell of `model`; changes are in `model` and `adam` once the loop has ended.

    On a GPU the parameters are copied to the host and back once, so it is meant for rounds, not for every step.
    """
    tensors = [model.params, model.anchors, model.strides, model.mask, adam.exp_avg, adam.exp_avg_sq]
    arrays = [t.detach().cpu().numpy() for t in tensors]
    kept = model.kept.cpu().numpy()
    for b, cap in enumerate(model.caps.tolist()):
        params, anchors, strides, mask, exp_avg, exp_avg_sq = (array[b] for array in arrays)
        yield b, Slots(params, anchors, strides, mask, exp_avg, exp_avg_sq, kept[b], cap)
    if model.params.device.type != "cpu":
        for tensor, array in zip(tensors, arrays):
            tensor.copy_(torch.from_numpy(array))


class Slots:
    """The slots of one cell of a model, as arrays that its methods change in place, and their Adam moments.

    `params` float32 [K, 14], `anchors` [K, 3] and `strides` [K, 1] in cell radii, `mask` bool [K]; at most `cap` slots
    may be in use. A changed splat gets zero moments, a stride of its new size and its anchor at its position. Light is
    what splats show (`shapes.shown_light`); only `clear` changes the sum of it. Nothing here is random, and callers
    must leave kept stars unchanged.
    """

    def __init__(self, params, anchors, strides, mask, exp_avg, exp_avg_sq, kept, cap: int):
        self.params, self.anchors, self.strides, self.mask = params, anchors, strides, mask
        self._moments = (exp_avg, exp_avg_sq)
        self._kept, self.cap = kept, cap

    @property
    def free(self) -> NDArray[np.intp]:
        """The slots that hold a splat other than a kept star."""
        return np.flatnonzero(self.mask & ~self._kept)

    @property
    def sound(self) -> bool:
        """Whether there are free splats and all are finite, with sizes and light well within the range of float32."""
        values = self.params[self.free]
        logs = values[:, LOG_SCALES.start : LOG_LUMINOSITIES.stop]
        return len(values) > 0 and bool(np.isfinite(values).all() and (np.abs(logs) < _LARGEST_LOG).all())

    @property
    def room(self) -> list[int]:
        """The empty slots that may be filled under the cap, in ascending order."""
        return np.flatnonzero(~self.mask)[: max(0, self.cap - int(self.mask.sum()))].tolist()

    def means(self, slots) -> NDArray[np.float64]:
        """Return the positions [..., 3] of the splats in `slots` [...], cell radii."""
        return self.anchors[slots].astype(np.float64) + self.strides[slots] * self.params[slots, OFFSETS]

    def light(self, slots) -> NDArray[np.float64]:
        """Return the light [...] that the splats in `slots` show, steradians times square cell radii."""
        return shown_light(self.params[slots, LOG_LUMINOSITIES][..., 0], self.params[slots, LOG_SCALES])

    def sizes(self, slots) -> NDArray[np.float64]:
        """Return the geometric means [...] of the three standard deviations of the splats in `slots`, cell radii."""
        return np.exp(self.params[slots, LOG_SCALES].mean(axis=-1, dtype=np.float64))

    def spreads(self, slots) -> NDArray[np.float64]:
        """Return the mean square radii [...] of the splats in `slots`: the traces of their covariances."""
        return np.exp(2.0 * self.params[slots, LOG_SCALES].astype(np.float64)).sum(axis=-1)

    def colors(self, slots) -> NDArray[np.float64]:
        """Return the colours [..., 3] of the splats in `slots`: linear RGB of luminance 1."""
        positive = np.maximum(self.params[slots, COLORS].astype(np.float64), LEAST_COLOR)
        return positive / product(positive, LUMINANCE)[..., None]

    def merge(self, slot: int, heir: int) -> None:
        """Merge the splat in `slot` into that in `heir`, which gets the light, mean, covariance and colour of both."""
        pair = [slot, heir]
        light, means = self.light(pair), self.means(pair)
        share = light / light.sum()
        mean, color = product(share, means), product(share, self.colors(pair))
        away = means - mean
        spread = covariances(self.params[pair, QUATS], self.params[pair, LOG_SCALES])
        quat, variances = principal_axes(np.einsum("k,kij->ij", share, spread + away[:, :, None] * away[:, None, :]))
        self.params[heir, QUATS] = quat
        self.params[heir, LOG_SCALES] = 0.5 * np.log(np.maximum(variances, FLATTEST**2 * variances.max()))
        self.params[heir, COLORS] = color
        self._settle(heir, mean, light.sum())
        self.clear(slot)

    def split(self, slot: int, into: int, toward: NDArray) -> None:
        """Split the splat in `slot` into two, in `slot` and `into`, along `toward` [3], a unit vector in its own axes.

        They are one standard deviation to either side of its centre and sqrt(2/3) times its size, which preserves the
        mean square radius of a ball. (3DGS divides sizes by 1.6 and doubles the light: Kerbl et al. 2023, section 5.2.)
        """
        step = product(toward, self._axes(slot).T)
        self._part(slot, into, self.means(slot) + step, self.means(slot) - step, 0.5 * np.log(2.0 / 3.0))

    def halve_longest(self, slot: int, into: int) -> None:
        """Split the splat in `slot` along its longest axis into two halves of half the length, in `slot` and `into`.

        Together they have its covariance: two normal distributions of standard deviation s/2 at +-sqrt(3)/2 s have
        variance s^2.
        """
        longest = int(np.argmax(self.params[slot, LOG_SCALES]))
        step = np.sqrt(0.75) * self._axes(slot)[:, longest]
        shrink = np.zeros(3)
        shrink[longest] = -np.log(2.0)
        self._part(slot, into, self.means(slot) + step, self.means(slot) - step, shrink)

    def clone(self, slot: int, into: int, step: NDArray) -> None:
        """Give half of the light of the splat in `slot` to a copy in `into`, `step` [3] cell radii away."""
        self._part(slot, into, self.means(slot), self.means(slot) + step, 0.0)

    def bud(self, slot: int, into: int, mean: NDArray, light: float, color: NDArray) -> None:
        """Move `light`, less than all, from the splat in `slot` to a new point in `into` at `mean` [3], `color` [3]."""
        rest = self.light(slot) - light
        self.params[into] = self.params[slot]
        self.params[into, LOG_SCALES] = np.log(SHORTEST_STRIDE)
        self.params[into, COLORS] = color
        self.mask[into] = True
        self._settle(into, mean, light)
        self._settle(slot, self.means(slot), rest)

    def feed(self, slot: int, heir: int, light: float) -> None:
        """Move `light`, less than all, from the splat in `slot` to the one in `heir`."""
        rest, more = self.light(slot) - light, self.light(heir) + light
        self._settle(slot, self.means(slot), rest)
        self._settle(heir, self.means(heir), more)

    def share_equally(self, slots: NDArray[np.intp]) -> None:
        """Divide the total light of the splats in `slots` equally among them."""
        share = self.light(slots).mean()
        for slot in slots:
            self._settle(slot, self.means(slot), share)

    def clear(self, slot: int) -> None:
        """Empty `slot`; its light is lost."""
        self.params[slot] = 0.0
        self.params[slot, QUATS.start] = 1.0
        self.params[slot, LOG_LUMINOSITIES] = PAD_LUMINOSITY
        self.params[slot, COLORS] = 1.0
        self.anchors[slot], self.strides[slot], self.mask[slot] = 0.0, 1.0, False
        self._forget(slot)

    def measure_strides(self) -> None:
        """Set the anchors of free splats to their positions and the strides to their sizes, and rescale the moments."""
        free = self.free
        means, stride = self.means(free), np.maximum(self.sizes(free), SHORTEST_STRIDE)[:, None]
        ratio = stride / self.strides[free]
        self.anchors[free] = means
        self.params[free, OFFSETS] = 0.0
        self.strides[free] = stride
        for moment, power in zip(self._moments, (1, 2)):
            moment[free, OFFSETS] *= ratio**power

    def _axes(self, slot: int) -> NDArray[np.float64]:
        """Return the principal axes of a splat as columns [3, 3], each as long as its standard deviation."""
        return rotations(self.params[[slot], QUATS])[0] * np.exp(self.params[slot, LOG_SCALES].astype(np.float64))

    def _part(self, slot: int, into: int, first: NDArray, second: NDArray, shrink: NDArray | float) -> None:
        """Split the splat in `slot`: half at `first`, half in `into` at `second`, log-scales plus `shrink`."""
        half = 0.5 * self.light(slot)
        self.params[slot, LOG_SCALES] += shrink
        self.params[into] = self.params[slot]
        self.mask[into] = True
        self._settle(slot, first, half)
        self._settle(into, second, half)

    def _settle(self, slot: int, mean: NDArray, light: NDArray | float) -> None:
        """Put the splat in `slot` at `mean`, have it show `light` with its present shape, and zero its moments."""
        scales = self.params[slot, LOG_SCALES]
        self.params[slot, OFFSETS] = 0.0
        self.params[slot, LOG_LUMINOSITIES] = log_luminosities(light, scales)
        self.anchors[slot] = mean
        self.strides[slot] = max(np.exp(scales.mean(dtype=np.float64)), SHORTEST_STRIDE)
        self._forget(slot)

    def _forget(self, slot: int) -> None:
        for moment in self._moments:
            moment[slot] = 0.0
