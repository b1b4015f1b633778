"""Scenes as gsplat's checkpoints, which its own viewer and evaluation open."""

from __future__ import annotations

import io
from typing import BinaryIO

import torch

from helios.photos.formats.splats import SceneSplats

NAMES = ("means", "scales", "quats", "opacities", "sh0", "shN")


def write_pt(scene: SceneSplats, file: BinaryIO) -> tuple[str, ...]:
    """Write `scene` to `file` as {"step": int, "splats": {name: float32 tensor}}; nothing of it is lost but how it is
    drawn: gsplat's checkpoints do not say whether they were trained antialiased. The same scene gives the same bytes.
    Raises InputError as `SceneSplats.check` does.
    """
    scene.check()
    splats = {name: scene.params[name].detach().cpu().to(torch.float32).clone() for name in NAMES}
    memory = io.BytesIO()  # torch.save writes the name of a file into it
    torch.save({"step": scene.step, "splats": splats}, memory)
    file.write(memory.getbuffer())
    return ("a .pt does not say that the scene was trained antialiased",) if scene.antialiased else ()
