"""The result of a training, without a training: discs of paint all over the ellipsoid of `tiny_scene`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from helios.photos.data.dataset import DataOptions, load_dataset
from helios.photos.table import NAMES
from tests.support.tiny_scene import AXES, paint, surface_points

C0 = 0.28209479177387814
"""The harmonic of degree 0, with which a colour c is sh0 * C0 + 0.5."""


def discs(transform: np.ndarray, count: int = 1500, side: float = 0.06) -> dict[str, torch.Tensor]:
    """Return splats of `count` discs of `side`, tiny scene's units, in the world that `transform` [4, 4] leads to."""
    points = surface_points(count, seed=3)
    scale = np.cbrt(np.linalg.det(transform[:3, :3]))
    normals = points / AXES**2
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True) @ transform[:3, :3].T / scale
    # The quaternion that turns the z axis into the normal: half way between the two, a half turn about it.
    half = normals + np.array([0, 0, 1])
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    columns = {
        "means": points @ transform[:3, :3].T + transform[:3, 3],
        "scales": np.log(np.tile([side, side, side / 10], (count, 1)) * scale),
        "quats": np.concatenate([np.zeros((count, 1)), half], 1),
        "opacities": np.full(count, 4.0),
        "sh0": ((paint(points) - 0.5) / C0)[:, None],
        "shN": np.zeros((count, 0, 3)),
    }
    return {name: torch.tensor(columns[name], dtype=torch.float32) for name in NAMES}


def write_painted_result(folder: Path, data: Path, step: int = 40, **options) -> Path:
    """Write ckpts/ckpt_STEP.pt and cfg.json of a scene trained on the tiny scene in `data`; return `folder`."""
    settings = {"sh_degree": 0, "antialiased": True, "near_plane": 0.01, "far_plane": 1e10}
    settings |= {"mask_outside": "background", "data_factor": 1, "test_every": 4, "match_string": None}
    settings |= {"normalize_world_space": True, **options}
    known = load_dataset(data, DataOptions(test_every=settings["test_every"]))
    (folder / "ckpts").mkdir(parents=True)
    torch.save({"step": step, "splats": discs(known.transform)}, folder / "ckpts" / f"ckpt_{step}.pt")
    content = {"options": settings, "data": str(data), "transform": known.transform.tolist()}
    (folder / "cfg.json").write_text(json.dumps(content))
    return folder
