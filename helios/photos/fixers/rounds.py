"""The rounds of fixing: novel views, further and further from the photographs, drawn, fixed, kept and trained on.

A round is a folder renders/novel/STEP with Pred/ (as drawn), Alpha/, Ref/ (the nearest photograph), Fixed/, Trust/ and
cameras.json. It appears whole or not at all. Training only ever sees what is in these files, so that a run that goes on
after it was killed sees the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import StoreError
from helios.files import replacing, restore
from helios.photos.data.photograph import Photograph
from helios.photos.fixers import FIXERS
from helios.photos.fixers.contract import Camera, Fixer, Reference, View
from helios.photos.fixers.options import FixOptions
from helios.photos.fixers.pictures import CAMERAS, levels, picture_name, read_picture, unit, write_pictures, write_views
from helios.photos.fixers.places import outwards
from helios.photos.paths import PATHS

Draw = Callable[[NDArray[np.float64], NDArray[np.float64], int, int], Any]
"""draw(viewmat [4, 4], K [3, 3], width, height) -> a `helios.rendering.opaque.contract.Drawn` of one camera."""

REMEDY = "train the scene again, with --overwrite"


@dataclass(frozen=True, eq=False)
class NovelPicture:
    """A fixed picture that joins the training set."""

    name: str
    viewmat: NDArray[np.float64]  # [4, 4] world to camera
    K: NDArray[np.float64]  # [3, 3] px
    width: int  # px
    height: int  # px
    held_image: NDArray[np.uint8] = field(repr=False)  # [H, W, 3]
    held_trust: NDArray[np.uint8] = field(repr=False)  # [H, W]

    def image(self) -> NDArray[np.uint8]:
        """Return the picture, uint8 [H, W, 3]."""
        return self.held_image

    def trust(self) -> NDArray[np.uint8]:
        """Return how far each pixel counts, uint8 [H, W], 255 where all the way."""
        return self.held_trust


class FixRounds:
    """The rounds of one training.

    folder: where rounds are kept, renders/novel of the result. steps: after which steps there is one. targets: cameras
    of novel views, [T, 4, 4] world to camera; None: those of `options.novel_path` through the photographs. Round r of R
    takes the nearest T r / R of them, rounded up.
    """

    fixer: Fixer

    def __init__(
        self,
        options: FixOptions,
        folder: Path,
        photographs: Sequence[Photograph],
        steps: Sequence[int],
        targets: NDArray[np.float64] | None = None,
    ):
        """Raises InputError for an unknown fixer, path, or option of them, and where no path leads there."""
        self.options, self.folder, self.photographs = options, folder, tuple(photographs)
        self.steps = tuple(sorted(steps))
        if self.steps:
            self.fixer = FIXERS.make(options.fixer)
        if targets is None and self.steps:
            viewmats = np.stack([photograph.viewmat for photograph in self.photographs])
            targets = PATHS.make(options.novel_path)(viewmats, options.novel_views)
        self._cameras, self._nearest = outwards(targets, self.photographs) if targets is not None else ((), ())

    def fix(self, step: int, draw: Draw) -> tuple[NovelPicture, ...]:
        """Return the pictures of the round after `step`, one of `steps`, made with `draw`, and keep them.

        Those of a round that is there already, made by this fixer of the same views, are read and not made again.
        Raises InputError as `Fixer.fix` does, OSError where the folder cannot be written.
        """
        count = -(-len(self._cameras) * (self.steps.index(step) + 1) // len(self.steps))
        references = tuple(map(_reference, self.photographs, (self._drawn(draw, _camera(p)) for p in self.photographs)))
        views = [View(*self._drawn(draw, camera), camera, references) for camera in self._cameras[:count]]
        key = _key(self.fixer, views)
        place = self.folder / str(step)
        restore(place)
        if self._kept_key(place) != key:
            self.folder.mkdir(parents=True, exist_ok=True)
            fixed = self.fixer.fix_all(views)
            with replacing(place, _is_round, "round of fixing") as new:
                write_pictures(new, "Fixed", [levels(one.image) for one in fixed])
                write_pictures(new, "Trust", [levels(one.trust) for one in fixed])
                write_views(new, views, self._nearest, {"step": step, "fixer": self.options.fixer, "key": key})
        return self._read(place)

    def read(self, step: int) -> tuple[NovelPicture, ...]:
        """Return the pictures that training has after `step` steps: of the last round until then, or none.

        Raises StoreError where that round is not in the folder, or damaged.
        """
        past = [each for each in self.steps if each <= step]
        if not past:
            return ()
        restore(self.folder / str(past[-1]))
        return self._read(self.folder / str(past[-1]))

    @staticmethod
    def _drawn(draw: Draw, camera: Camera) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        drawn = draw(camera.viewmat, camera.K, camera.width, camera.height)
        image, alpha, depth = (values[0].cpu().numpy() for values in (drawn.images, drawn.alphas, drawn.depths))
        return np.clip(image, 0.0, 1.0), alpha, depth

    @staticmethod
    def _kept_key(place: Path) -> str | None:
        try:
            return json.loads((place / CAMERAS).read_text())["key"]
        except (OSError, ValueError, LookupError, TypeError):
            return None  # none, or one that is made anew

    def _read(self, place: Path) -> tuple[NovelPicture, ...]:
        try:
            listed = json.loads((place / CAMERAS).read_text())["views"]
            cameras = [
                Camera(np.array(one["viewmat"]), np.array(one["K"]), one["width"], one["height"]) for one in listed
            ]
        except FileNotFoundError:
            raise StoreError(f"{place}: missing, and training went on from it; {REMEDY}") from None
        except (ValueError, LookupError, TypeError) as error:
            raise StoreError(f"{place / CAMERAS}: damaged ({error}); {REMEDY}") from error
        found = []
        for number, camera in enumerate(cameras):
            name, size = picture_name(number), (camera.width, camera.height)
            image = read_picture(place / "Fixed" / name, *size, "RGB", StoreError, REMEDY)
            trust = read_picture(place / "Trust" / name, *size, "L", StoreError, REMEDY)
            found.append(NovelPicture(f"novel/{place.name}/{name}", camera.viewmat, camera.K, *size, image, trust))
        return tuple(found)


def _camera(photograph: Photograph) -> Camera:
    return Camera(photograph.viewmat, photograph.K, photograph.width, photograph.height)


def _reference(photograph: Photograph, drawn: tuple[NDArray[np.float32], ...]) -> Reference:
    return Reference(photograph, unit(photograph.image()), drawn[2])


def _is_round(folder: Path) -> bool:
    return (folder / CAMERAS).is_file()


def _key(fixer: Fixer, views: Sequence[View]) -> str:
    """Return what a round's pictures depend on, in 64 hex digits."""
    digest = hashlib.sha256(repr(fixer).encode())
    for view in views:
        for array in (view.render, view.alpha, view.depth, view.camera.viewmat, view.camera.K):
            digest.update(np.ascontiguousarray(array).tobytes())
    for reference in views[0].references if views else ():
        digest.update(reference.photograph.name.encode())
        digest.update(reference.image.tobytes() + reference.depth.tobytes())
    return digest.hexdigest()
