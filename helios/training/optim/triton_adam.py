"""Adam on a model's rows for CUDA: one Triton kernel, each number read and written once."""

import triton
import triton.language as tl

from helios.training.optim.adam_steps import BETA1, BETA2, EPSILON
from helios.training.optim.model import WIDTH

BLOCK = 1024

_BETA1 = tl.constexpr(BETA1)
_BETA2 = tl.constexpr(BETA2)
_EPSILON = tl.constexpr(EPSILON)
_WIDTH = tl.constexpr(WIDTH)


@triton.jit
def step_rows(
    params,  # float32 [B, K, WIDTH], as the next three
    grad,
    exp_avg,
    exp_avg_sq,
    mask,  # bool [B, K], as the next
    kept,
    rates,  # float32 [WIDTH]
    rate,
    root,
    count,
    BLOCK: tl.constexpr,
):
    """Make the step of `helios.training.optim.adam_steps` on `count` = B K WIDTH numbers."""
    i = tl.program_id(0).to(tl.int64) * BLOCK + tl.arange(0, BLOCK)
    inside = i < count
    slot = i // _WIDTH
    used = tl.load(mask + slot, mask=inside, other=0)
    left = tl.load(kept + slot, mask=inside, other=1)
    free = inside & (used != 0) & (left == 0)
    g = tl.load(grad + i, mask=free, other=0.0)
    m = _BETA1 * tl.load(exp_avg + i, mask=free, other=0.0) + (1.0 - _BETA1) * g
    v = _BETA2 * tl.load(exp_avg_sq + i, mask=free, other=0.0) + (1.0 - _BETA2) * g * g
    p = tl.load(params + i, mask=free, other=0.0)
    p -= rate * tl.load(rates + i % _WIDTH, mask=free, other=0.0) * m / (tl.sqrt(v) / root + _EPSILON)
    tl.store(exp_avg + i, m, mask=free)
    tl.store(exp_avg_sq + i, v, mask=free)
    tl.store(params + i, p, mask=free)


def triton_step(params, grad, exp_avg, exp_avg_sq, mask, kept, rates, rate: float, root: float) -> None:
    """Launch `step_rows` on contiguous tensors of one CUDA device; waits for nothing."""
    count = params.numel()
    step_rows[(-(-count // BLOCK),)](
        params, grad.contiguous(), exp_avg, exp_avg_sq, mask, kept, rates, rate, root, count, BLOCK=BLOCK, num_warps=4
    )
