"""The networks of LPIPS with random weights, in files as torchvision writes them, built by their published tables."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn


class Fires(nn.Module):
    def __init__(self, inside, narrow, wide):
        super().__init__()
        self.squeeze = nn.Conv2d(inside, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, wide, 1)
        self.expand3x3 = nn.Conv2d(narrow, wide, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.expand1x1(x).relu(), self.expand3x3(x).relu()], 1)


def trunk(net):
    """`features` of torchvision's network of the name, with random weights, built by its published table of layers."""
    torch.manual_seed(3)
    if net == "alexnet":
        table = [(3, 64, 11, 4, 2), "P", (64, 192, 5, 1, 2), "P", (192, 384, 3, 1, 1), (384, 256, 3, 1, 1)]
        table += [(256, 256, 3, 1, 1), "P"]
        layers = [[nn.MaxPool2d(3, 2)] if row == "P" else [nn.Conv2d(*row), nn.ReLU()] for row in table]
    elif net == "vgg16":
        widths = [64, 64, "P", 128, 128, "P", 256, 256, 256, "P", 512, 512, 512, "P", 512, 512, 512, "P"]
        layers, before = [], 3
        for width in widths:
            layers.append([nn.MaxPool2d(2, 2)] if width == "P" else [nn.Conv2d(before, width, 3, 1, 1), nn.ReLU()])
            before = before if width == "P" else width
    else:
        fires = [(64, 16, 64), (128, 16, 64), "P", (128, 32, 128), (256, 32, 128), "P"]
        fires += [(256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256)]
        layers = [[nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True)]]
        layers += [[nn.MaxPool2d(3, 2, ceil_mode=True)] if row == "P" else [Fires(*row)] for row in fires]
    return nn.Sequential(*(layer for group in layers for layer in group))


def write_trunk(folder: Path, net: str) -> nn.Sequential:
    """Write NET-random.pth, with a part of the classifier as torchvision's files have one; return `trunk(net)`."""
    features = trunk(net)
    names = {f"features.{name}": value for name, value in features.state_dict().items()}
    torch.save(names | {"classifier.1.weight": torch.zeros(2, 2)}, folder / f"{net}-random.pth")
    return features
