"""The one form in which metrics take their pictures."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def pair(image: Any, truth: Any, mask: Any, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return image and truth as [3, H, W] of `dtype`, and the mask as bool [H, W] or None, all on the CPU.

    Where there is a mask, the pixels outside of it are black in both. Raises ValueError unless both pictures are
    [H, W, 3] of one size, and the mask is [H, W].
    """
    first, second = (torch.as_tensor(each).detach().to("cpu", dtype) for each in (image, truth))
    if first.shape != second.shape or first.ndim != 3 or first.shape[2] != 3:
        raise ValueError(f"pictures of shapes {tuple(first.shape)} and {tuple(second.shape)}: must be one [H, W, 3]")
    first, second = first.permute(2, 0, 1), second.permute(2, 0, 1)
    if mask is None:
        return first, second, None
    counts = torch.as_tensor(mask).to("cpu")
    counts = counts if counts.dtype == torch.bool else counts >= 128
    if counts.shape != first.shape[1:]:
        raise ValueError(f"mask of shape {tuple(counts.shape)}: must be {tuple(first.shape[1:])}")
    # `where`, not a product: what is outside may be NaN.
    return torch.where(counts, first, 0), torch.where(counts, second, 0), counts
