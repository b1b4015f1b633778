"""Where photographs were taken from in a scene's world, by what they have in common with photographs of the scene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.photos.covisible import Surface
from helios.photos.data.photograph import Photograph

MOST_REFERENCES, MOST_OTHERS = 32, 12
"""Photographs that are compared, evenly drawn: 384 pairs take seconds, and a similarity needs three."""
MOST_FEATURES = 3000
"""In a photograph."""
RATIO = 0.8
"""The nearest feature counts where it is this much nearer than the second (Lowe 2004, section 7.1)."""
LEAST_INLIERS = 15
"""Matches that agree on a camera, below which it may be chance; COLMAP's own limit for two views."""
SAME_SPOT = 1.0
"""px, from a feature to the image of a point of the reconstruction that is this feature."""
NEAR_SURFACE = 0.05
"""A point this much behind the surface, share of its distance, may still lie on it: a scene in training is rough."""
MAX_ERROR = 3.0
"""Of a match that agrees with a camera, px."""


@dataclass(frozen=True, eq=False)
class Found:
    """The camera of a photograph in the scene's world, and the matches that agree on it."""

    viewmat: NDArray[np.float64]  # [4, 4] world to camera
    spots: NDArray[np.float64]  # [M, 2] px
    points: NDArray[np.float64]  # [M, 3] world of the scene


@dataclass(frozen=True, eq=False)
class _Features:
    spots: NDArray[np.float64]  # [F, 2] px
    descriptors: NDArray[np.float32]  # [F, 128] unit vectors


def register(
    photographs: Sequence[Photograph],
    references: Sequence[Photograph],
    surface: Callable[[Photograph], Surface],
    points: NDArray[np.float64],
) -> dict[int, Found]:
    """Return the cameras in the world of `references` of those of `photographs` that show the same thing.

    SIFT features of at most `MOST_OTHERS` photographs are matched with those of at most `MOST_REFERENCES` references.
    Where in space these are, one of `points` [P, 3], which the references' reconstruction found, tells, or else
    `surface`, what a reference sees of the scene, less exactly; RANSAC finds the camera. The keys are
    places in `photographs`; what has fewer than `LEAST_INLIERS` matches is left out. The same arguments give the same
    cameras. Raises InputError where pycolmap is not installed.
    """
    try:
        import pycolmap
    except ImportError as error:
        raise InputError(
            "no photographs of the same names: to compare what they show takes pycolmap "
            "(pip install 'helios-planetarium[photos]')"
        ) from error
    quiet, pycolmap.logging.minloglevel = pycolmap.logging.minloglevel, 2
    try:
        options = pycolmap.FeatureExtractionOptions()
        options.num_threads, options.sift.max_num_features = 1, MOST_FEATURES
        extractor = pycolmap.FeatureExtractor.create(options, pycolmap.Device.cpu)
        known = [
            _placed(_features(extractor, one), surface(one), points) for one in _spread(references, MOST_REFERENCES)
        ]
        found = {}
        for place in _spread(range(len(photographs)), MOST_OTHERS):
            camera = _camera(photographs[place], _features(extractor, photographs[place]), known)
            if camera is not None:
                found[place] = camera
    finally:
        pycolmap.logging.minloglevel = quiet
    return found


def _spread(items: Sequence, most: int) -> list:
    """Return at most `most` of `items`, evenly spread."""
    return [items[place] for place in np.unique(np.linspace(0, len(items) - 1, most).round().astype(int))]


def _features(extractor: Any, photograph: Photograph) -> _Features:
    import pycolmap

    grey = photograph.image() @ np.array([0.299, 0.587, 0.114], np.float32)  # luma of ITU-R BT.601
    keypoints, found = extractor.extract(pycolmap.Bitmap.from_array(np.rint(grey).astype(np.uint8)))
    spots = np.asarray(pycolmap.keypoints_to_matrix(keypoints), np.float64).reshape(-1, 4)[:, :2]
    descriptors = np.asarray(found.data, np.float32).reshape(-1, 128)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1)
    if (mask := photograph.mask()) is not None:
        inside = mask[_pixels(spots, mask.shape)] >= 128
        spots, descriptors = spots[inside], descriptors[inside]
    return _Features(spots, descriptors)


def _placed(features: _Features, seen: Surface, points: NDArray) -> tuple[NDArray, NDArray]:
    """Return the places in the world, [F, 3], and the descriptors of those features that lie on a surface."""
    depth = seen.depth[_pixels(features.spots, seen.depth.shape)].astype(np.float64)
    solid = depth > 0
    (x, y), z = features.spots[solid].T, depth[solid]
    local = np.stack([(x - seen.K[0, 2]) / seen.K[0, 0] * z, (y - seen.K[1, 2]) / seen.K[1, 1] * z, z], 1)
    places = (local - seen.viewmat[:3, 3]) @ seen.viewmat[:3, :3]
    spots, visible = _projected(seen, points)
    if len(visible):
        from scipy.spatial import cKDTree

        away, nearest = cKDTree(spots).query(features.spots[solid])
        exact = away <= SAME_SPOT
        places[exact] = visible[nearest[exact]]
    return places, features.descriptors[solid]


def _projected(seen: Surface, points: NDArray) -> tuple[NDArray, NDArray]:
    """Return where those of points [P, 3] are that a camera sees, [M, 2] px, and these points [M, 3]."""
    local = points @ seen.viewmat[:3, :3].T + seen.viewmat[:3, 3]
    points, local = points[local[:, 2] > 0], local[local[:, 2] > 0]
    spots = local[:, :2] / local[:, 2:] * seen.K[[0, 1], [0, 1]] + seen.K[:2, 2]
    height, width = seen.depth.shape
    inside = ((spots >= 0) & (spots < (width, height))).all(1)
    points, local, spots = points[inside], local[inside], spots[inside]
    shown = local[:, 2] <= seen.farthest[_pixels(spots, seen.depth.shape)] * (1 + NEAR_SURFACE)
    return spots[shown], points[shown]


def _pixels(spots: NDArray, shape: tuple[int, ...]) -> tuple[NDArray, NDArray]:
    columns, rows = np.floor(spots).astype(int).T
    return rows.clip(0, shape[0] - 1), columns.clip(0, shape[1] - 1)


def _camera(photograph: Photograph, features: _Features, known: Sequence[tuple[NDArray, NDArray]]) -> Found | None:
    """Return the camera that most matches agree on, None where these are too few."""
    import pycolmap

    pairs = []
    for places, descriptors in known:
        mine, theirs = _matches(features.descriptors, descriptors)
        pairs.append((features.spots[mine], places[theirs]))
    spots, points = (np.concatenate(side) for side in zip(*pairs))
    if len(spots) < LEAST_INLIERS:
        return None
    K = photograph.K
    camera = pycolmap.Camera(
        model="PINHOLE",
        width=photograph.width,
        height=photograph.height,
        params=[K[0, 0], K[1, 1], K[0, 2], K[1, 2]],
    )
    options = pycolmap.AbsolutePoseEstimationOptions()
    options.ransac.max_error, options.ransac.random_seed = MAX_ERROR, 1
    found = pycolmap.estimate_and_refine_absolute_pose(spots, points, camera, options)
    if found is None or found["num_inliers"] < LEAST_INLIERS:
        return None
    viewmat = np.eye(4)
    viewmat[:3] = found["cam_from_world"].matrix()
    agreeing = np.asarray(found["inlier_mask"], bool)
    return Found(viewmat, spots[agreeing], points[agreeing])


def _matches(mine: NDArray, theirs: NDArray) -> tuple[NDArray, NDArray]:
    """Return pairs of rows that are each other's nearest, and nearer by `RATIO` than the second."""
    if len(mine) < 2 or len(theirs) < 2:
        return np.empty(0, int), np.empty(0, int)
    likeness = mine @ theirs.T
    best = likeness.argmax(1)
    rows = np.arange(len(mine))
    second = np.partition(likeness, -2, axis=1)[:, -2]
    squares = 2 - 2 * np.stack([likeness[rows, best], second]).clip(-1, 1)
    good = (squares[0] < RATIO**2 * squares[1]) & (likeness.argmax(0)[best] == rows)
    return rows[good], best[good]
