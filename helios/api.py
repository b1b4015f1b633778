"""What Helios does, as functions: `helios.build`, `helios.train`, `helios.pack`, ...

The commands are thin over these. Options are the fields of the frozen configurations that the commands show with
`--help`; a name that is none raises TypeError. Results are values, nothing is printed, and what takes long tells
`on_event` how far it is, in the events of `helios.progress`. A universe is a Universe or the path of one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helios.cells import CellLike
from helios.grid import CellId
from helios.options import configs_from
from helios.packing import DEFAULT_PACK
from helios.progress import OnEvent, ignore
from helios.universe.store import Universe

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from helios.fetching.events import FetchResult
    from helios.landmarks.landmark import Landmark
    from helios.packing.export import ExportResult
    from helios.packing.pack import PackResult
    from helios.packing.site import SiteResult
    from helios.rendering.picture import Camera
    from helios.training.run.events import TrainResult
    from helios.universe.validate import Validation

PathLike = str | os.PathLike[str]


def open(path: PathLike) -> Universe:
    """Return the universe at `path`. Raises what `Universe.open` does."""
    return Universe.open(Path(path))


def build(
    stars: PathLike | Iterable[PathLike] = (),
    output: PathLike = "universe",
    *,
    landmarks: PathLike | Sequence[Landmark] | None = None,
    on_event: OnEvent = ignore,
    **options: Any,
) -> Universe:
    """Make a universe of the stars of catalogues at `output`, in place of one that is there, and return it.

    `stars` are files, folders or patterns of them; without any, the embedded naked-eye stars. `landmarks` are the named
    places, by default the embedded list. `options` are fields of BuildConfig and SchedulerConfig: `max_mag=12`,
    `leaf_capacity=256`, `workers=8`. `on_event` gets the BuildReport, rows read, rejected and why, with Done. Raises
    what `helios.building.build.build_universe` does.
    """
    from helios.building.build import build_universe
    from helios.building.config import BuildConfig
    from helios.schedulers.config import SchedulerConfig

    paths = [stars] if isinstance(stars, str | os.PathLike) else list(stars)
    config, where = configs_from({**options, "stars": tuple(map(Path, paths))}, BuildConfig, SchedulerConfig)
    places = _landmarks(landmarks)
    build_universe(config, Path(output), places, where, on_event)
    return open(output)


def landmark_cells(
    universe: Universe | PathLike,
    landmarks: PathLike | Sequence[Landmark] | None = None,
    neighbors: int = 1,
) -> tuple[CellId, ...]:
    """Return the cells of `universe` around landmarks, by default its own: what `helios train-landmarks` trains.

    Those are the cells within +-`neighbors` of a landmark's own, in each of the three indices of the grid.
    """
    from helios.landmarks.selection import select_around
    from helios.universe.paths import landmarks_path

    opened = _opened(universe)
    places = _landmarks(landmarks_path(opened.path) if landmarks is None else landmarks)
    return tuple(opened.cells[list(select_around(opened, places, neighbors).cells)])


def train(
    universe: Universe | PathLike,
    cells: Iterable[CellLike] | CellLike | None = None,
    output: PathLike | None = None,
    *,
    levels: bool = True,
    backend: str = "auto",
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] | None = None,
    **options: Any,
) -> TrainResult:
    """Train `cells` of `universe`, by default all, into the universe at `output`, by default itself.

    With `levels`, what stands for them and for the cells above and below them in the levels of detail is trained too.
    A cell that is split, but is one of the levels, stands for itself alone.
    `options` are fields of TrainConfig, RunConfig and SchedulerConfig: `iterations=500`, `ratio=0.25`, `workers=4`.
    Open the universe at the result's `path` to see its splats. Returns and raises what
    `helios.training.run.run.train` does; needs the extra `train`.
    """
    from helios.rendering import require_torch
    from helios.schedulers.config import SchedulerConfig

    require_torch()
    from helios.schedulers.scheduler import never
    from helios.training.config import TrainConfig
    from helios.training.run.run import train as carry_out
    from helios.training.run.run_config import RunConfig
    from helios.training.run.universe import UniverseTraining
    from helios.universe.trained_levels import training_indices

    config, run, where = configs_from(options, TrainConfig, RunConfig, SchedulerConfig)
    opened = _opened(universe)
    indices = training_indices(opened, cells, levels)
    target = opened.path if output is None else Path(output)
    training = UniverseTraining(opened.path, target, indices, config, backend, run, where)
    return carry_out(training, on_event, stop or never)


def train_cell_file(
    source: PathLike,
    output: PathLike | None = None,
    *,
    backend: str = "auto",
    on_event: OnEvent = ignore,
    stop: Callable[[], bool] | None = None,
    **options: Any,
) -> TrainResult:
    """Train the v1 cell file `source`, its splats taken as stars, into the file `output`, by default NAME.trained.bin.

    `options` are fields of TrainConfig and RunConfig. Returns and raises what `helios.training.run.run.train` does;
    needs the extra `train`.
    """
    from helios.rendering import require_torch

    require_torch()
    from helios.schedulers.scheduler import never
    from helios.training.config import TrainConfig
    from helios.training.run.cell_file import CellFileTraining
    from helios.training.run.run import train as carry_out
    from helios.training.run.run_config import RunConfig

    config, run = configs_from(options, TrainConfig, RunConfig)
    target = Path(source).with_suffix(".trained.bin") if output is None else Path(output)
    return carry_out(CellFileTraining(Path(source), target, config, backend, run), on_event, stop or never)


def pack(
    universe: Universe | PathLike,
    output: PathLike | None = None,
    format: str = DEFAULT_PACK,
    *,
    on_event: OnEvent = ignore,
) -> PackResult:
    """Pack `universe` for a web client into the folder `output`, by default `pack` in it, and return what it holds.

    `format` is one of `helios.packing.PACKS`, with options as in `v1:depth=6`. Raises what
    `helios.packing.pack.pack_universe` does.
    """
    from helios.packing.pack import pack_universe

    return pack_universe(_reopened(universe), None if output is None else Path(output), format, on_event=on_event)


def write_site(
    universe: Universe | PathLike,
    site: PathLike,
    *,
    pack: PathLike | None = None,
    tours: Iterable[PathLike] = (),
    on_event: OnEvent = ignore,
) -> SiteResult:
    """Write viewer, pack and stars of a packed `universe` as the folder `site`, for any static server.

    `pack` is its folder where it is not the universe's own, `tours` are files of tours for its visitors. Raises what
    `helios.packing.site.write_site` does.
    """
    from helios.packing.site import write_site

    folder = None if pack is None else Path(pack)
    files = [Path(path) for path in tours]
    return write_site(_reopened(universe), Path(site), pack=folder, tours=files, on_event=on_event)


def export(
    universe: Universe | PathLike,
    output: PathLike,
    format: str | None = None,
    cells: Iterable[CellLike] | CellLike | None = None,
    *,
    level: int | None = None,
    budget: int | None = None,
) -> ExportResult:
    """Write `cells` of `universe`, by default all, as the file `output` for other programs, and return what it holds.

    Instead of cells it may be a cut of the levels of detail: all cells above the depth `level` open, or as many as
    `budget` splats allow.
    `format` is one of `helios.packing.EXPORTERS`, by default the one that the file's name ends in. Raises what
    `helios.packing.export.export` does.
    """
    from helios.packing.export import export

    opened = _reopened(universe)
    name = format or Path(output).suffix.removeprefix(".")
    chosen = None if cells is None else opened.indices_of(cells)
    return export(opened, Path(output), name, chosen, level=level, budget=budget)


def render(
    universe: Universe | PathLike,
    camera: Camera,
    size: tuple[int, int] = (512, 512),
    *,
    cells: Iterable[CellLike] | CellLike | None = None,
    splats: bool = False,
    exposure: float = 1.0,
    backend: str = "auto",
) -> NDArray[np.float32]:
    """Return what `camera` sees of `cells`, by default all: float32 [height, width, 3], linear RGB on black.

    `size` is (height, width). The ground truth, drawn of the stars themselves, or with `splats` what stands for each
    cell: its splats where it is trained. Raises what `helios.rendering.picture.draw` does; needs the extra `train`.
    """
    from helios.rendering import require_torch
    from helios.rendering.picture import draw

    require_torch()
    opened = _reopened(universe)
    return draw(opened, camera, size, opened.indices_of(cells), splats, exposure, backend)


def fetch(
    archive: str = "gaia",
    output: PathLike | None = None,
    *,
    on_event: OnEvent = ignore,
    **options: Any,
) -> FetchResult:
    """Fetch stars of `archive` as the Parquet file `output`, by default ARCHIVE.parquet, and say what it holds.

    `options` are fields of FetchConfig: `max_mag=10`, `where="parallax > 10"`. Raises what `helios.fetching.run.fetch`
    does; needs the extra `fetch`.
    """
    from helios.fetching.config import FetchConfig
    from helios.fetching.run import fetch

    (config,) = configs_from(options | {"archive": archive}, FetchConfig)
    return fetch(config, Path(output or config.default_output), on_event)


def validate(universe: Universe | PathLike, shown: int = 5) -> Validation:
    """Return what is wrong with `universe` and the pack that lies in it, the first `shown` of each kind in full.

    See `helios.universe.validate.validate_universe` and `helios.packing.pack.check_pack`.
    """
    from helios.landmarks import load_landmarks
    from helios.packing.pack import check_pack
    from helios.universe.validate import validate_universe

    path = universe.path if isinstance(universe, Universe) else Path(universe)
    validation = validate_universe(path, load_landmarks, shown)
    check_pack(path, validation)
    return validation


def info(universe: Universe | PathLike) -> dict[str, Any]:
    """Return what is in `universe` and what it was made of, in values that JSON has; see `summarise`.

    `packed_bytes` are those of the cells of the pack that lies in it, 0 where there is none.
    """
    from helios.packing.pack import packed_bytes
    from helios.universe.summary import summarise

    opened = _opened(universe)
    return summarise(opened) | {"packed_bytes": packed_bytes(opened.path)}


def _opened(universe: Universe | PathLike) -> Universe:
    return universe if isinstance(universe, Universe) else open(universe)


def _reopened(universe: Universe | PathLike) -> Universe:
    """The universe as it is on disk now: it may have been trained since it was opened."""
    return open(universe.path if isinstance(universe, Universe) else universe)


def _landmarks(landmarks: PathLike | Sequence[Landmark] | None) -> Sequence[Landmark]:
    """Those of a file, by default the embedded one, or as they are given."""
    from helios.landmarks import load_landmarks

    if landmarks is None or isinstance(landmarks, str | os.PathLike):
        return load_landmarks(None if landmarks is None else Path(landmarks))
    return landmarks
