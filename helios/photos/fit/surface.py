"""What is known, in the middle of a training, of the surface that each photograph shows."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from helios.photos.fit.bundle import Shot
from helios.photos.trained import Trained
from helios.rendering.opaque.contract import OpaqueBackend

LONGEST = 400
"""px, the longer side of a picture, above which it is reduced by a whole number."""
DENSER = 10.0
"""So many splats at the place of each: their mean depth lies at the surface, not behind it, as fog's does."""
_MOST = 0.995


def opaque(trained: Trained) -> Trained:
    """Return the scene with `DENSER` splats in the place of each: what can be seen through is seen through no more."""
    through = torch.sigmoid(-trained.params["opacities"]) ** DENSER
    opacities = torch.logit((1.0 - through).clamp(1e-6, _MOST))
    return dataclasses.replace(trained, params={**trained.params, "opacities": opacities})


def shot_of(photograph: Any, viewmat: Tensor, trained: Trained, backend: OpaqueBackend) -> Shot:
    """Return a photograph with the depth that `trained` has from `viewmat` [4, 4]; masks take from what is solid."""
    pool = -(-max(photograph.width, photograph.height) // LONGEST)
    K = torch.tensor(photograph.K, dtype=torch.float32) / torch.tensor([[pool], [pool], [1.0]])
    drawn = trained.draw(backend, viewmat, K, photograph.width // pool, photograph.height // pool)
    picture, mask = photograph.image(), photograph.mask()
    solid = drawn.alphas[0].cpu() > 0.5
    if mask is not None:
        solid &= F.avg_pool2d(torch.tensor(mask)[None].float(), pool)[0] > 127.5
    tones = F.avg_pool2d(torch.tensor(picture).float().mean(-1)[None], pool)[0] / 255.0
    return Shot(tones, drawn.depths[0].cpu(), solid.float(), K)
