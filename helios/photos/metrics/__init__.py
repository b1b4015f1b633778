"""How near a picture comes to a photograph, by metrics that papers report: a new one is one file and one line here."""

from helios.photos.metrics.score import Score
from helios.registry import Registry

METRICS = Registry(
    "metric",
    "helios.metrics",
    {
        "psnr": "helios.photos.metrics.psnr:psnr",
        "ssim": "helios.photos.metrics.ssim:ssim",
        "lpips": "helios.photos.metrics.lpips:Lpips",
        "flip": "helios.photos.metrics.flip:flip",
    },
)
"""`METRICS.make(name, weights=PATH or None)` is called as `metric(image, truth, mask=None)` and returns a `Score`.

image, truth: float32 [H, W, 3] in [0, 1], tensors or arrays. mask: [H, W], bool, or uint8 of which 128 and more
counts: then only its pixels count, whatever the others hold, and a mask of all changes nothing. Raises ValueError
for shapes that do not fit together.
"""

__all__ = ["METRICS", "Score"]
