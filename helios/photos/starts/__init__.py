"""What training begins with. A new start is one file and one line in STARTS: a frozen dataclass of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from helios.registry import Registry

if TYPE_CHECKING:
    from torch import Generator

    from helios.photos.data.dataset import Dataset
    from helios.photos.table import SplatTable

STARTS = Registry(
    "start",
    "helios.photo_starts",
    {
        "sfm": "helios.photos.starts.sfm:Sfm",
        "random": "helios.photos.starts.random:Random",
    },
)
"""`helios.photos.starts.Start`, by `init_type`; made with the fields of `helios.photos.starts.splats.Options` that have
no default."""


class Start(Protocol):
    """A frozen dataclass of options."""

    def __call__(self, dataset: Dataset, scene_scale: float, rng: Generator) -> SplatTable:
        """Return the splats, on the CPU, that training begins with; all chance is drawn from `rng`.

        `scene_scale` is the largest distance of a camera from the cameras' mean, units of the scene, with the factors
        of the trainer. Raises InputError where `dataset` does not give what the start needs.
        """
        ...
