"""What the trainer sees of a data set: photographs with their cameras, and points with their colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.data.cache import Cache
from helios.photos.data.files import photographs_of
from helios.photos.data.model import Model, View, find_model, read_model
from helios.photos.data.options import DataOptions
from helios.photos.data.photograph import HeldPixels, Photograph, Pixels
from helios.photos.data.splits import split
from helios.photos.data.world import moved, normalizing, scale_of

__all__ = ["DataOptions", "Dataset", "HeldPixels", "Photograph", "Pixels", "load_dataset"]

GB = 10**9


@dataclass(frozen=True, eq=False)
class Dataset:
    """Photographs to train on and to judge by, in the order of their names, and the points that were found in them."""

    train: tuple[Photograph, ...]
    test: tuple[Photograph, ...]
    points: NDArray[np.float64]  # [P, 3] world of the scene
    colors: NDArray[np.uint8]  # [P, 3] sRGB
    errors: NDArray[np.float32]  # [P] mean reprojection error, px of the original photographs
    transform: NDArray[np.float64]  # [4, 4] similarity, world of the files -> world of the scene
    scene_scale: float  # the largest distance of a camera from the mean of all cameras, world of the scene
    notes: tuple[str, ...] = ()  # what was left out or done differently, and why, a line each


def load_dataset(folder: Path, options: DataOptions | None = None) -> Dataset:
    """Return the data set in `folder`: images/, a COLMAP model, and masks/ and splits/ where these are there.

    No photograph is decoded yet. The world of the scene depends on the model and `normalize_world_space` alone, so that
    it is the same whatever `match_string` and `test_every` leave out. Raises InputError, in one line that names the
    file, for what is missing, damaged or does not fit together.
    """
    options = options or DataOptions()
    folder = Path(folder)
    model = read_model(find_model(folder))
    viewmats = np.stack([view.viewmat for view in model.views])
    transform = np.eye(4)
    if options.normalize_world_space:
        transform = normalizing(viewmats, model.points, model.folder)
    viewmats, points = moved(viewmats, model.points, transform)
    chosen, notes = _matching(model, options.match_string)
    train, test, left_out = split(folder, tuple(view.name for view in chosen), options.test_every)
    used = set(train) | set(test)
    views = {view.name: (view, viewmat) for view, viewmat in zip(model.views, viewmats) if view.name in used}
    found, remarks = photographs_of(folder, model, views, options.data_factor, Cache(int(options.cache_gb * GB)))
    return Dataset(
        tuple(found[name] for name in train),
        tuple(found[name] for name in test),
        points,
        model.colors,
        model.errors,
        transform,
        scale_of(viewmats),
        (*notes, *left_out, *remarks),
    )


def _matching(model: Model, token: str | None) -> tuple[list[View], list[str]]:
    if not token:
        return list(model.views), []
    chosen = [view for view in model.views if token in view.name]
    if not chosen:
        raise InputError(
            f"--match {token}: no photograph of the model has it in its name, the first is {model.views[0].name}"
        )
    others, every = len(model.views) - len(chosen), len(model.views)
    return chosen, [f"{others:,} of {every:,} photographs do not match {token!r}"] * (others > 0)
