"""A step of Adam in one kernel: torch's own, which gsplat's trainer uses on a GPU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.optim.adam import adam


@torch.no_grad()
def fused_step(
    param: Tensor, grad: Tensor, exp_avg: Tensor, exp_avg_sq: Tensor, t: int, numbers: tuple[float, ...]
) -> None:
    """Make step number `t`, counted from 1, of `param`, in place, as its moments; all float32 of one shape and device.

    numbers: the rate over 1 - beta1^t, the root of 1 - beta2^t, beta1, 1 - beta1, beta2, 1 - beta2 and epsilon of Adam
    (Kingma & Ba 2015, https://arxiv.org/abs/1412.6980).
    """
    stride, _, beta1, _, beta2, _, epsilon = numbers
    made = torch.full((), float(t - 1), device=param.device)
    adam(
        [param], [grad], [exp_avg], [exp_avg_sq], [], [made], fused=True, amsgrad=False,
        beta1=beta1, beta2=beta2, lr=stride * (1.0 - beta1**t), weight_decay=0.0, eps=epsilon, maximize=False,
    )  # fmt: skip
