"""`isotropy`: penalises every departure from a ball."""

from dataclasses import dataclass

from numba import njit

from helios.simd import JIT
from helios.training.regularisers import Regulariser, mean_over_splats


@dataclass(frozen=True)
class Isotropy(Regulariser):
    """The mean variance (divisor 3, not 2) of a splat's three log-scales."""

    has_twin = True

    def __call__(self, log_scales, mask):
        return mean_over_splats(log_scales.var(dim=-1, correction=0), mask)

    def add_gradient(self, log_scales, mask, weight, grad):
        return _add_gradient(log_scales, mask, weight, grad)


@njit(**JIT)
def _add_gradient(log_scales, mask, weight, grad):
    count = max(1, mask.sum())
    total = 0.0
    for k in range(len(mask)):
        if mask[k]:
            a, b, c = float(log_scales[k, 0]), float(log_scales[k, 1]), float(log_scales[k, 2])
            mean = (a + b + c) / 3.0
            total += ((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2) / 3.0
            for i in range(3):
                grad[k, i] += weight / count * 2.0 / 3.0 * (log_scales[k, i] - mean)
    return weight * total / count
