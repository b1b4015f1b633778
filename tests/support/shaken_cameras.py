"""Cameras that are shaken on purpose, and how far a training brings them back.

All is asked in the world that the cameras agree on, a similarity from that of the truth, which is nobody's error:
rotations, and what photographs show that were held out.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import torch

from helios.photos.align import align_cameras, centres
from helios.photos.data.dataset import Dataset
from helios.photos.fit.config import FitConfig
from helios.photos.fit.fit import Fit
from helios.photos.fit.options import SceneOptions
from helios.photos.judging import judge_photographs, metrics_named
from helios.rendering.opaque import choose

DEGREES, SHARE = 0.5, 0.005


class Found(NamedTuple):
    """What a training came to, and how far its cameras are from the true ones, medians over the cameras."""

    psnr: float  # dB, of held-out photographs
    degrees: float  # of rotations
    pixels: float  # by which points of the scene lie elsewhere in a photograph, the median of those that it shows
    share: float  # of the distance, of centres


def turn(axis: np.ndarray) -> np.ndarray:
    """The rotation by |axis| radians about `axis`, by the formula of Rodrigues."""
    angle = np.linalg.norm(axis)
    x, y, z = axis / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def shaken(data: Dataset, seed: int) -> Dataset:
    """The data with cameras turned by DEGREES and moved by SHARE of their distance, in directions by chance."""
    rng, middle = np.random.default_rng(seed), np.median(data.points, axis=0)
    return dataclasses.replace(data, train=tuple(_shaken(one, rng, middle) for one in data.train))


def _shaken(photograph, rng, middle):
    unit = [way / np.linalg.norm(way) for way in rng.normal(size=(2, 3))]
    viewmat = photograph.viewmat.copy()
    centre = -viewmat[:3, :3].T @ viewmat[:3, 3]
    centre = centre + SHARE * np.linalg.norm(centre - middle) * unit[1]
    viewmat[:3, :3] = turn(np.radians(DEGREES) * unit[0]) @ viewmat[:3, :3]
    viewmat[:3, 3] = -viewmat[:3, :3] @ centre
    return dataclasses.replace(photograph, viewmat=viewmat)


def trained(data: Dataset, truth: Dataset, config: FitConfig) -> Found:
    """What training comes to, with the cameras of `data` or those found from them, those of `truth` being the true."""
    fit = Fit(data, SceneOptions(config), choose("numba"))
    while fit.step < fit.last_step:
        fit.advance()
    wanted, viewmats = (torch.tensor(np.stack([one.viewmat for one in of.train])) for of in (truth, data))
    if fit.motions is not None:
        viewmats = fit.motions.moved(viewmats.float(), range(len(viewmats))).double()
    distance = float(np.median(np.linalg.norm(centres(wanted.numpy()) - np.median(data.points, axis=0), axis=1)))
    aligned = align_cameras(wanted.numpy(), viewmats.numpy(), distance)
    assert aligned is not None
    held_out = tuple(dataclasses.replace(one, viewmat=aligned.sim3.viewmats(one.viewmat)) for one in data.test)
    rows = judge_photographs(fit.trained(), held_out, fit.backend, metrics_named(("psnr",)))
    psnr = float(np.mean([one.scores["psnr"].value for one in rows]))
    return Found(psnr, *_errors(viewmats.numpy(), truth, distance))


def _errors(found: np.ndarray, truth: Dataset, distance: float) -> tuple[float, float, float]:
    wanted = np.stack([one.viewmat for one in truth.train])
    aligned = align_cameras(found, wanted, distance)
    assert aligned is not None
    moved = aligned.sim3.viewmats(found)
    turns = moved[:, :3, :3] @ np.swapaxes(wanted[:, :3, :3], 1, 2)
    cosines = (np.trace(turns, axis1=1, axis2=2) - 1) / 2
    degrees = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
    shares = np.linalg.norm(centres(moved) - centres(wanted), axis=1) / distance
    pixels = [_miss(one, viewmat, truth.points) for one, viewmat in zip(truth.train, moved)]
    return float(np.median(degrees)), float(np.median(pixels)), float(np.median(shares))


def _miss(photograph, viewmat: np.ndarray, points: np.ndarray) -> float:
    spots, ahead = _spots(photograph.K, photograph.viewmat, points)
    shown = ahead & ((spots >= 0) & (spots <= [photograph.width, photograph.height])).all(1)
    return float(np.median(np.linalg.norm(_spots(photograph.K, viewmat, points)[0] - spots, axis=1)[shown]))


def _spots(K: np.ndarray, viewmat: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    seen = (points @ viewmat[:3, :3].T + viewmat[:3, 3]) @ K.T
    return seen[:, :2] / np.where(seen[:, 2:] > 0, seen[:, 2:], 1.0), seen[:, 2] > 0
