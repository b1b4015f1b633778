"""Another data set of what a scene shows: its photographs in the world of the scene, and what of them was to be seen.

The two worlds are brought together by the photographs that both have, known by their names; where these do not agree on
one similarity, by the cameras that `register` finds for photographs of the other set. A number for a pixel that no
photograph of training shows would judge a guess: so pixels are told apart that at least one of them sees.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.align import LEAST, Alignment, align_cameras, centres, refine
from helios.photos.covisible import Surface, nearest_first, seen_by, surface
from helios.photos.data.dataset import Dataset, Photograph
from helios.photos.register import MOST_OTHERS, Found, register

if TYPE_CHECKING:
    from helios.photos.trained import Trained
    from helios.rendering.opaque.contract import OpaqueBackend

SAME_SHARE, SAME_ANGLE = 0.005, np.radians(0.5)
"""A camera this near to one of training, in units of the scene's size, has seen what that one saw."""
SURFACE_SIDE = 512
"""px, of the depth maps against which points are tested: 1 MB each, as many as photographs of training."""


@dataclass(frozen=True, eq=False)
class OtherSet:
    """The photographs of another set in the world of the scene that are judged, and how they came there."""

    trained: Trained
    backend: OpaqueBackend
    training: tuple[Photograph, ...]
    judged: tuple[Photograph, ...]
    seen_in_training: int  # photographs that stand where one of training does
    alignment: Alignment
    by: str  # "names" or "features"
    shared: int  # cameras that the alignment was looked for in
    size: float  # of the scene
    _surfaces: dict[str, Surface] = field(default_factory=dict)
    _covisible: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    @staticmethod
    def of(trained: Trained, known: Dataset, other: Dataset, folder: Path, backend: OpaqueBackend) -> OtherSet:
        """Return the set `other`, read from `folder`, in the world of `known`, the data set of training.

        Judged are the photographs that stand where none of training does; all where there is none such. Raises
        InputError where no similarity is found, and where no photograph shows what training saw.
        """
        photographs = tuple(sorted((*other.train, *other.test), key=lambda one: one.name))
        alignment, by, shared = _aligned(trained, known, photographs, folder, backend)
        moved = alignment.sim3.viewmats(np.stack([one.viewmat for one in photographs]))
        placed = tuple(dataclasses.replace(one, viewmat=viewmat) for one, viewmat in zip(photographs, moved))
        cameras = np.stack([one.viewmat for one in known.train])
        fresh = tuple(one for one in placed if not _stands_with(one.viewmat, cameras, known.scene_scale))
        found = OtherSet(
            trained,
            backend,
            known.train,
            fresh or placed,
            len(placed) - len(fresh),
            alignment,
            by,
            shared,
            known.scene_scale,
        )
        if not any(found.covisible(one).any() for one in found.judged):
            raise InputError(
                f"{folder}: its {len(found.judged)} photographs show nothing that was to be seen in training; "
                "name a data set that overlaps"
            )
        return found

    def covisible(self, photograph: Photograph) -> NDArray[np.bool_]:
        """Return which pixels of a photograph, [H, W], show a surface that a photograph of training shows, too."""
        if photograph.name not in self._covisible:
            view = self._surface(photograph, None)
            order = nearest_first(photograph.viewmat, np.stack([one.viewmat for one in self.training]))
            others = (self._of_training(self.training[place]) for place in order)
            self._covisible[photograph.name] = seen_by(view, others)
        return self._covisible[photograph.name]

    def _of_training(self, photograph: Photograph) -> Surface:
        if photograph.name not in self._surfaces:
            self._surfaces[photograph.name] = self._surface(photograph, SURFACE_SIDE)
        return self._surfaces[photograph.name]

    def _surface(self, photograph: Photograph, side: int | None) -> Surface:
        return surface_of(self.trained, self.backend, photograph, side)

    def words(self) -> list[str]:
        """Return lines that say how well the two sets fit together, and what is judged."""
        found, way = self.alignment, {"names": "of the same names", "features": "found by their features"}[self.by]
        share = 100 * found.distance / self.size
        lines = [
            f"aligned by {found.agreeing.sum()} of {self.shared} photographs {way}: scale {found.sim3.scale:.6g}, "
            f"residual {share:.3g} % of the scene's size (rms), {found.degrees:.3g} degrees (median)"
        ]
        if found.pixels is not None:
            lines[0] += f", refined by their matches to {found.pixels:.3g} px (median)"
        if self.seen_in_training and self.seen_in_training == len(self.judged):
            lines.append(
                f"all {self.seen_in_training} photographs stand where one of training does: these are no held-out views"
            )
        elif self.seen_in_training:
            lines.append(f"{self.seen_in_training} photographs stand where one of training does, and are not judged")
        return lines

    def facts(self) -> dict[str, Any]:
        """Return what `words` says, and the similarity, for the file of scores."""
        found = self.alignment
        pixels = np.mean([self.covisible(one).mean() for one in self.judged])
        return {
            "alignment": {
                "by": self.by,
                "shared": self.shared,
                "agreeing": int(found.agreeing.sum()),
                "residual": found.distance,
                "residual_of_scene_scale": found.distance / self.size,
                "residual_degrees": found.degrees,
                "residual_px": found.pixels,
                "scale": found.sim3.scale,
                "rotation": found.sim3.rotation.tolist(),
                "translation": found.sim3.translation.tolist(),
            },
            "seen_in_training": self.seen_in_training,
            "covisible_share": float(pixels),
        }


def surface_of(trained: Trained, backend: OpaqueBackend, photograph: Photograph, side: int | None) -> Surface:
    """Return the surface that a photograph shows inside its mask, at most `side` px long; None: as it is."""
    longest = max(photograph.width, photograph.height)
    share = 1.0 if side is None or longest <= side else side / longest
    width, height = max(1, round(photograph.width * share)), max(1, round(photograph.height * share))
    K = photograph.K.copy()
    K[0] *= width / photograph.width
    K[1] *= height / photograph.height
    drawn = trained.draw(backend, photograph.viewmat, K, width, height)
    counts, mask = None, photograph.mask()
    if mask is not None:
        rows = (np.arange(height) * photograph.height) // height
        columns = (np.arange(width) * photograph.width) // width
        counts = mask[rows[:, None], columns] >= 128
    depth, alpha = drawn.depths[0].cpu().numpy(), drawn.alphas[0].cpu().numpy()
    return surface(photograph.viewmat, K, depth, alpha, counts)


def _aligned(
    trained: Trained, known: Dataset, photographs: tuple[Photograph, ...], folder: Path, backend: OpaqueBackend
) -> tuple[Alignment, str, int]:
    """Return the alignment, by names or features, and how many cameras it was looked for in."""
    ours = {_stem(one.name): one for one in (*known.train, *known.test)}
    pairs = [(one, ours[_stem(one.name)]) for one in photographs if _stem(one.name) in ours]
    if len(pairs) >= LEAST:
        source, target = (np.stack([pair[side].viewmat for pair in pairs]) for side in (0, 1))
        if (alignment := align_cameras(source, target, known.scene_scale)) is not None:
            return alignment, "names", len(pairs)
    found = register(photographs, known.train, lambda one: surface_of(trained, backend, one, None), known.points)
    if len(found) >= LEAST:
        source = np.stack([photographs[place].viewmat for place in found])
        target = np.stack([one.viewmat for one in found.values()])
        if (alignment := align_cameras(source, target, known.scene_scale)) is not None:
            agreeing = [place for place, agrees in zip(found, alignment.agreeing) if agrees]
            return _refined(alignment, photographs, found, agreeing), "features", len(found)
    tried = min(len(photographs), MOST_OTHERS)
    raise InputError(
        f"{folder}: does not overlap with the photographs of training: {len(pairs)} of the same names, {len(found)} of "
        f"{tried} found by their features, of which at least {LEAST} must agree on one similarity"
    )


def _refined(
    alignment: Alignment, photographs: tuple[Photograph, ...], found: dict[int, Found], agreeing: list[int]
) -> Alignment:
    """Return the alignment refined by the matches of the photographs `agreeing`."""
    counts = [len(found[place].spots) for place in agreeing]
    viewmats, Ks = (
        np.repeat(np.stack([getattr(photographs[place], name) for place in agreeing]), counts, axis=0)
        for name in ("viewmat", "K")
    )
    spots, points = (
        np.concatenate([getattr(found[place], name) for place in agreeing]) for name in ("spots", "points")
    )
    sim3, pixels = refine(alignment.sim3, viewmats, Ks, spots, points)
    return dataclasses.replace(alignment, sim3=sim3, pixels=pixels)


def _stands_with(viewmat: NDArray, cameras: NDArray, size: float) -> bool:
    """Return whether a camera stands and looks as one of `cameras` [V, 4, 4] does."""
    away = np.linalg.norm(centres(cameras) - centres(viewmat), axis=1)
    turned = np.linalg.norm(cameras[:, :3, :3] - viewmat[:3, :3], axis=(1, 2)) / np.sqrt(2)  # rad, where it is small
    return bool(((away <= SAME_SHARE * size) & (turned <= SAME_ANGLE)).any())


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name
