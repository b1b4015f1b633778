"""Reads what LPIPS has learnt: a network's weights, from torchvision's file, and its authors' linear layers."""

from __future__ import annotations

import importlib.util
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from helios.errors import InputError
from helios.photos.metrics.lpips_trunks import TRUNKS, Fire, Trunk

PACKAGES = {"torchmetrics": "functional/image/lpips_models", "lpips": "weights/v0.1"}
"""Packages that bring the linear layers (BSD licences), and the folder in which each has NET.pth."""


@dataclass(frozen=True)
class Weights:
    """A trunk, its weights by layer, float32, and the linear layer of each of its stages, float32 [C]."""

    trunk: Trunk
    layers: dict[str, Tensor]
    linear: tuple[Tensor, ...]


@cache
def read_weights(path: Path) -> Weights:
    """Return the weights at `path`: torchvision's file of AlexNet, VGG16 or SqueezeNet 1.1, or a folder with one.

    The file tells by its layers whose it is; of several in a folder, the first in the order of `TRUNKS` counts. The
    linear layers are NET.pth (alex.pth, vgg.pth, squeeze.pth) beside it, or else those of an installed package of
    `PACKAGES`. Raises InputError where one of the two is missing or not what it should be.
    """
    file = path if path.is_file() else _in_folder(path)
    layers = {name.removeprefix("features."): value.float() for name, value in _tensors(file).items()}
    trunk = next((trunk for trunk in TRUNKS if _layer_names(trunk) <= layers.keys()), None)
    if trunk is None:
        files = ", ".join(f"{trunk.file}-*.pth" for trunk in TRUNKS)
        raise InputError(f"{file}: has not the layers of AlexNet, VGG16 or SqueezeNet 1.1; name torchvision's {files}")
    source = _linear_file(trunk, file.parent)
    linear = _linear(source)
    try:
        outputs = [x.shape[1] for x in trunk.features(torch.zeros(1, 3, 64, 64), layers)]
    except RuntimeError as error:
        raise InputError(f"{file}: layers that do not follow on each other ({str(error).splitlines()[0]})") from error
    if outputs != [len(weight) for weight in linear]:
        raise InputError(f"{source}: linear layers of {[len(each) for each in linear]} channels, must be {outputs}")
    return Weights(trunk, layers, linear)


def _in_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such file or folder; name torchvision's file of weights, or its folder")
    for trunk in TRUNKS:
        if found := sorted(folder.glob(f"{trunk.file}*.pth")):
            return found[0]
    names = ", ".join(f"{trunk.file}*.pth" for trunk in TRUNKS)
    raise InputError(f"{folder}: no file of weights in it; must be one of {names}")


def _layer_names(trunk: Trunk) -> set[str]:
    names: set[str] = set()
    for layer in (layer for stage in trunk.stages for layer in stage if hasattr(layer, "name")):
        parts = ("squeeze", "expand1x1", "expand3x3") if isinstance(layer, Fire) else ("",)
        convs = [f"{layer.name}.{part}".rstrip(".") for part in parts]
        names |= {f"{conv}.{kind}" for conv in convs for kind in ("weight", "bias")}
    return names


def _linear_file(trunk: Trunk, folder: Path) -> Path:
    places = [folder]
    for package, inside in PACKAGES.items():
        if found := importlib.util.find_spec(package):
            places += [Path(root) / inside for root in found.submodule_search_locations or ()]
    for place in places:
        if (file := place / f"{trunk.name}.pth").is_file():
            return file
    raise InputError(
        f"{folder / trunk.name}.pth: missing; put the linear layers of LPIPS there, or install a package that has them "
        f"({' or '.join(PACKAGES)})"
    )


def _linear(file: Path) -> tuple[Tensor, ...]:
    tensors = _tensors(file)
    names = [f"lin{number}.model.1.weight" for number in range(len(tensors))]
    if set(names) != tensors.keys():
        raise InputError(f"{file}: has {', '.join(sorted(tensors)) or 'nothing'}, must have lin0.model.1.weight, ...")
    return tuple(tensors[name].float().flatten() for name in names)


def _tensors(file: Path) -> dict[str, Tensor]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise InputError(f"{file}: cannot be read as weights of PyTorch ({str(error).splitlines()[0]})") from error
    if not isinstance(content, dict) or not all(isinstance(value, Tensor) for value in content.values()):
        raise InputError(f"{file}: holds no table of tensors; must be a state dict of PyTorch")
    return content
