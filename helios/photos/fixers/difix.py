"""The fixer `difix`: a diffusion pipeline in one step, such as Difix3D+'s, in this process.

Its weights are the user's: some are licensed for research alone, and none come with this package.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from helios.errors import InputError
from helios.options import option
from helios.photos.fixers.contract import Camera, Fixed, Fixer, Reference, View
from helios.photos.fixers.pictures import levels, unit
from helios.photos.fixers.places import nearest_reference
from helios.photos.fixers.user_code import check_name, load_named

PROMPT = "remove degradation"
TIMESTEP = 199
"""What Difix3D+ was trained with (Wu et al. 2025, https://arxiv.org/abs/2503.01774)."""

MULTIPLE = 8
"""The sides of a picture must be multiples of this, the reduction of the autoencoder."""


@dataclass(frozen=True)
class Difix(Fixer):
    """Asks a pipeline of diffusers for each view, beside its nearest photograph; trusted as far as it is opaque."""

    model: str = option("", "Folder of a pipeline, or its name on the hub, as in difix:model=nvidia/difix_ref.")
    pipeline: str = option(
        "",
        "MODULE:NAME, or FILE.py:NAME, of the pipeline's class, as in Difix3D/src/pipeline_difix.py:DifixPipeline; "
        "without it, the one of diffusers that the model names.",
    )
    device: str = option("auto", "Where it runs: cuda, cpu, or auto.")
    seed: int = option(0, "Seed of the pipeline's noise.", (0, 2**63 - 1))

    def __post_init__(self):
        if not self.model:
            raise InputError(
                "fixer difix: needs model=FOLDER, or its name on the hub, as in difix:model=nvidia/difix_ref"
            )
        if importlib.util.find_spec("diffusers") is None:
            raise InputError("fixer difix: needs diffusers (pip install helios-planetarium[difix])")
        if self.pipeline:
            check_name(self.pipeline, "fixer difix: pipeline", "src/pipeline_difix.py:DifixPipeline")

    @cached_property
    def loaded(self) -> Any:
        """The pipeline, on its device. Raises InputError where it cannot be loaded."""
        import torch
        from diffusers import DiffusionPipeline

        device = self.device if self.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
        kind = load_named(self.pipeline, "fixer difix") if self.pipeline else DiffusionPipeline
        try:
            made = kind.from_pretrained(self.model)
            made.set_progress_bar_config(disable=True)
            return made.to(device)
        except (OSError, ValueError, ImportError, RuntimeError, AttributeError) as error:
            reason = " ".join(str(error).split())
            raise InputError(f"fixer difix: model={self.model}: cannot be loaded ({reason})") from error

    def fix(self, render, alpha, depth, camera: Camera, references: tuple[Reference, ...]) -> Fixed:
        """See `Fixer.fix`."""
        import torch
        from PIL import Image

        view = View(render, alpha, depth, camera, references)
        size = _rounded(camera.width), _rounded(camera.height)
        padding = ((0, size[1] - camera.height), (0, size[0] - camera.width), (0, 0))
        reference = Image.fromarray(references[nearest_reference(view)].photograph.image())
        answer = self.loaded(
            PROMPT,
            image=Image.fromarray(np.pad(levels(render), padding, mode="edge")),
            ref_image=reference.resize(size, Image.Resampling.LANCZOS),
            num_inference_steps=1,
            timesteps=[TIMESTEP],
            guidance_scale=0.0,
            generator=torch.Generator().manual_seed(self.seed),
        ).images[0]
        if answer.size != size:
            raise InputError(
                f"fixer difix: model={self.model}: returned {answer.size[0]} x {answer.size[1]} pixels for "
                f"{size[0]} x {size[1]}"
            )
        image = unit(np.asarray(answer.convert("RGB")))[: camera.height, : camera.width]
        return Fixed(image, alpha.astype(np.float32))


def _rounded(side: int) -> int:
    return -(-side // MULTIPLE) * MULTIPLE
