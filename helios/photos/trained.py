"""A trained scene as its result's folder keeps it, and pictures of it."""

from __future__ import annotations

import dataclasses
import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from helios.errors import InputError, StoreError
from helios.files import read_json
from helios.photos.data.dataset import DataOptions, Dataset, load_dataset
from helios.photos.results import Result
from helios.photos.sh import check_degree, sh_colors
from helios.photos.shown import Shown, ShowOnCpu, showable
from helios.photos.table import NAMES, check_params

if TYPE_CHECKING:
    from helios.rendering.opaque.contract import Drawn, OpaqueBackend


@dataclass(frozen=True, eq=False)
class Trained:
    """The splats of a scene after `step` steps.

    params: the columns of `helios.photos.table.SplatTable` (means and log-scales in units of the scene, logits of
    opacities). config: what cfg.json holds: every option by its name under "options".
    """

    params: Mapping[str, Tensor]
    sh_degree: int
    antialiased: bool
    near_plane: float
    far_plane: float
    config: Mapping[str, Any]
    step: int

    def __len__(self) -> int:
        return len(self.params["means"])

    def dataset(self, folder: Path | None = None) -> Dataset:
        """Return the photographs that the scene was trained on, in its world, from `folder` where they have moved.

        Raises InputError where they are not there, and as `load_dataset` does.
        """
        known = self.config["options"]
        names = {field.name for field in dataclasses.fields(DataOptions)} & known.keys()
        folder = folder or Path(self.config["data"])
        if not folder.is_dir():
            raise InputError(
                f"{folder}: the photographs that the scene was trained on are not there (--trained-on says where)"
            )
        return load_dataset(folder, DataOptions(**{name: known[name] for name in names}))

    def draw(
        self, backend: OpaqueBackend, viewmat: Any, K: Any, width: int, height: int, background: Any = None
    ) -> Drawn:
        """Return the picture of one view, C = 1: see `draw_views`. No gradient is kept."""
        with torch.no_grad():
            return draw_views(
                backend,
                self.params,
                self.sh_degree,
                _camera(viewmat, backend, (4, 4)),
                _camera(K, backend, (3, 3)),
                width,
                height,
                self.antialiased,
                self.near_plane,
                self.far_plane,
                backgrounds=None if background is None else _camera(background, backend, (3,)),
            )


def _camera(values: Any, backend: OpaqueBackend, shape: tuple[int, ...]) -> Tensor:
    return torch.as_tensor(values).to(backend.device, torch.float32).reshape(1, *shape)


def draw_views(
    backend: OpaqueBackend,
    params: Mapping[str, Tensor],
    degree: int,
    viewmats: Tensor,
    Ks: Tensor,
    width: int,
    height: int,
    antialiased: bool,
    near_plane: float,
    far_plane: float,
    *,
    backgrounds: Tensor | None = None,
    absgrad: bool = False,
    with_depths: bool = True,
    kept: list[Shown] | None = None,
) -> Drawn:
    """Return what C cameras see of splats, with colours of harmonics up to `degree`; differentiable.

    viewmats [C, 4, 4], world to camera, Ks [C, 3, 3] px, backgrounds [C, 3] or None for black: on the backend's device.
    On the CPU, where `kept` is given, `backward()` adds to it what is asked of the splats as shown, for the optimiser,
    and leaves gradients only in what the rasteriser looks at itself: means, quats and cameras.
    """
    means, shN = params["means"], params["shN"]
    centres = -(viewmats[:, :3, :3].transpose(1, 2) @ viewmats[:, :3, 3:])[..., 0]
    check_degree(shN, degree)
    if showable(params) and (kept is not None or not torch.is_grad_enabled()):
        shown = (params["scales"], params["opacities"], params["sh0"], shN)
        scales, opacities, colors = ShowOnCpu.apply(means, *shown, centres.detach(), degree, kept)
    else:
        scales, opacities = params["scales"].exp(), params["opacities"].sigmoid()
        colors = sh_colors(means[None] - centres[:, None], params["sh0"], shN, degree)
    return backend.draw(
        means,
        params["quats"],
        scales,
        opacities,
        colors,
        viewmats,
        Ks,
        width,
        height,
        backgrounds=backgrounds,
        near_plane=near_plane,
        far_plane=far_plane,
        antialiased=antialiased,
        absgrad=absgrad,
        with_depths=with_depths,
    )


def load_trained(folder: Path, step: int | None = None, device: torch.device | None = None) -> Trained:
    """Return the splats in the result's `folder` after `step` steps; None: after the last that were kept.

    Raises InputError where there is no such result, StoreError where a file of it is missing or damaged.
    """
    result = Result(Path(folder))
    step = result.last_step(step)
    config = read_json(result.config, "train the scene again")
    options = config.get("options")
    if not isinstance(options, dict) or not {"sh_degree", "antialiased", "near_plane", "far_plane"} <= options.keys():
        raise StoreError(f"{result.config}: damaged, it has not all options; train the scene again")
    splats = read_splats(result.checkpoint(step))
    params = {name: splats[name].to(device or torch.device("cpu")) for name in NAMES}
    settings = (bool(options["antialiased"]), float(options["near_plane"]), float(options["far_plane"]))
    return Trained(params, int(options["sh_degree"]), *settings, config, step)


def read_splats(path: Path) -> dict[str, Tensor]:
    """Return the splats in a checkpoint, {"step": int, "splats": {name: tensor}} as gsplat's.

    Raises StoreError where it is damaged, and InputError where its columns do not fit together.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        stored = None if damaged else torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise StoreError(f"{path}: damaged ({error}); train the scene again") from error
    if not isinstance(stored, dict) or not isinstance(stored.get("splats"), dict):
        raise StoreError(f"{path}: damaged, or no checkpoint of splats; train the scene again")
    check_params(stored["splats"])
    return dict(stored["splats"])
