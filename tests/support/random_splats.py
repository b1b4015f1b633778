"""Splats of random numbers, of every sign, within what a scene's are."""

import torch

from helios.photos.formats.splats import SceneSplats


def random_scene(count: int, degree: int, antialiased: bool = True, seed: int = 0) -> SceneSplats:
    """`count` splats with spherical harmonics of a `degree`, after step 7: 0.05 units large, within some 5 units."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator)

    params = {
        "means": 2 * normal(3),
        "scales": 0.5 * normal(3) - 3,
        "quats": normal(4),
        "opacities": 2 * normal(),
        "sh0": 0.6 * normal(1, 3),
        "shN": (0.2 * normal((degree + 1) ** 2 - 1, 3)).clamp(-0.9, 0.9),
    }
    return SceneSplats(params, antialiased, 7)
