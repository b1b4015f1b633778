"""FLIP, the difference that one sees when two pictures alternate, by NVIDIA's own program."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import torch

from helios.photos.metrics.pictures import pair
from helios.photos.metrics.score import EMPTY, Score


def flip(image: Any, truth: Any, mask: Any = None) -> Score:
    """Return the mean LDR-FLIP error in [0, 1], 0 for equal pictures, at the 67 pixels per degree of its authors.

    Andersson et al. 2020 (doi:10.1145/3406183). Arguments as `METRICS` says. With a mask: mean over its pixels, the
    others being black in both pictures. No value where the package flip-evaluator is missing.
    """
    if importlib.util.find_spec("flip_evaluator") is None:
        return Score(None, "flip-evaluator is not installed (pip install 'helios-planetarium[flip]')")
    import flip_evaluator

    first, second, counts = pair(image, truth, mask, torch.float32)
    if counts is not None and not counts.any():
        return Score(None, EMPTY)
    test, reference = (np.ascontiguousarray(each.permute(1, 2, 0).clamp(0, 1).numpy()) for each in (first, second))
    errors, _, _ = flip_evaluator.evaluate(reference, test, "LDR", inputsRGB=True, applyMagma=False)
    errors = errors[..., 0].astype(np.float64)
    return Score(float((errors if counts is None else errors[counts.numpy()]).mean()))
