"""The three networks through which LPIPS looks at pictures, by the layers of torchvision's files of weights.

The layers are facts of Krizhevsky 2014 (arXiv:1404.5997), Simonyan & Zisserman 2014 (arXiv:1409.1556, configuration
D) and Iandola et al. 2016 (arXiv:1602.07360, version 1.1); which of their outputs are compared is told by Zhang et al.
2018 (arXiv:1801.03924).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Conv:
    """A convolution and the rectifier after it."""

    name: str
    stride: int = 1
    padding: int = 0

    def __call__(self, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        weight, bias = weights[f"{self.name}.weight"], weights[f"{self.name}.bias"]
        return F.relu(F.conv2d(x, weight, bias, self.stride, self.padding))


@dataclass(frozen=True)
class Fire:
    """SqueezeNet's module: few channels, widened again by two convolutions side by side."""

    name: str

    def __call__(self, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        narrow = Conv(f"{self.name}.squeeze")(x, weights)
        wide = (Conv(f"{self.name}.expand1x1"), Conv(f"{self.name}.expand3x3", padding=1))
        return torch.cat([conv(narrow, weights) for conv in wide], 1)


@dataclass(frozen=True)
class Pool:
    """The maximum of windows, 2 px apart."""

    size: int
    ceil: bool = False

    def __call__(self, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
        return F.max_pool2d(x, self.size, 2, ceil_mode=self.ceil)


Stage = tuple[Conv | Fire | Pool, ...]


@dataclass(frozen=True)
class Trunk:
    """A network: its name, how torchvision's file begins, and stages of layers, whose outputs are compared."""

    name: str
    file: str
    stages: tuple[Stage, ...]

    def features(self, x: Tensor, weights: Mapping[str, Tensor]) -> Iterator[Tensor]:
        """Yield the output of each stage for pictures x [B, 3, H, W]: [B, C, h, w] each."""
        for stage in self.stages:
            for layer in stage:
                x = layer(x, weights)
            yield x


def _convs(*numbers: int) -> Stage:
    return tuple(Conv(str(number), padding=1) for number in numbers)


def _fires(*numbers: int) -> Stage:
    return tuple(Fire(str(number)) for number in numbers)


ALEX = Trunk(
    "alex",
    "alexnet",
    (
        (Conv("0", stride=4, padding=2),),
        (Pool(3), Conv("3", padding=2)),
        (Pool(3), *_convs(6)),
        _convs(8),
        _convs(10),
    ),
)
VGG = Trunk(
    "vgg",
    "vgg16",
    (
        _convs(0, 2),
        (Pool(2), *_convs(5, 7)),
        (Pool(2), *_convs(10, 12, 14)),
        (Pool(2), *_convs(17, 19, 21)),
        (Pool(2), *_convs(24, 26, 28)),
    ),
)
SQUEEZE = Trunk(
    "squeeze",
    "squeezenet1_1",
    (
        (Conv("0", stride=2),),
        (Pool(3, ceil=True), *_fires(3, 4)),
        (Pool(3, ceil=True), *_fires(6, 7)),
        (Pool(3, ceil=True), *_fires(9)),
        _fires(10),
        _fires(11),
        _fires(12),
    ),
)
TRUNKS = (ALEX, VGG, SQUEEZE)
"""In the order in which a folder is looked through: papers report `alex` as a metric."""
