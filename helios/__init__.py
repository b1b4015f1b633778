"""Star catalogues as a universe of 3D Gaussian splats that a browser flies through.

    universe = helios.build(stars=["gaia.parquet"], output="universe", max_mag=12)
    helios.train(universe, cells=helios.landmark_cells(universe, neighbors=2), iterations=500, on_event=print)
    helios.pack(universe)
    near = universe.stars(within=helios.Cone(ra=56.75, dec=24.12, radius_deg=2)).to_astropy()

Nothing below is imported before it is used: `import helios` costs a few milliseconds.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # without the module typing, which takes longer to import than all of this
if TYPE_CHECKING:
    from typing import Any

    from helios.api import build as build
    from helios.api import export as export
    from helios.api import fetch as fetch
    from helios.api import info as info
    from helios.api import landmark_cells as landmark_cells
    from helios.api import open as open
    from helios.api import pack as pack
    from helios.api import render as render
    from helios.api import train as train
    from helios.api import train_cell_file as train_cell_file
    from helios.api import validate as validate
    from helios.api import write_site as write_site
    from helios.building.build import BuildReport as BuildReport
    from helios.errors import ArchiveError as ArchiveError
    from helios.errors import BackendError as BackendError
    from helios.errors import HeliosError as HeliosError
    from helios.errors import InputError as InputError
    from helios.errors import StoreError as StoreError
    from helios.errors import WorkerError as WorkerError
    from helios.fetching.events import FetchResult as FetchResult
    from helios.grid import CellId as CellId
    from helios.landmarks.files import load_landmarks as load_landmarks
    from helios.landmarks.landmark import Landmark as Landmark
    from helios.packing.display import Display as Display
    from helios.packing.display import show as show
    from helios.packing.export import ExportResult as ExportResult
    from helios.packing.pack import PackResult as PackResult
    from helios.packing.site import SiteResult as SiteResult
    from helios.regions import Box as Box
    from helios.regions import Cone as Cone
    from helios.rendering.picture import Camera as Camera
    from helios.reporting.report import ReportResult as ReportResult
    from helios.reporting.report import report as report
    from helios.splats import Splats as Splats
    from helios.training.run.events import TrainResult as TrainResult
    from helios.universe.stars import StarData as StarData
    from helios.universe.store import CellView as CellView
    from helios.universe.store import Universe as Universe
    from helios.universe.validate import Validation as Validation

__version__ = "0.1.0"

_NAMES = {
    "api": "build export fetch info landmark_cells open pack render train train_cell_file validate write_site",
    "building.build": "BuildReport",
    "errors": "ArchiveError BackendError HeliosError InputError StoreError WorkerError",
    "fetching.events": "FetchResult",
    "grid": "CellId",
    "landmarks.files": "load_landmarks",
    "landmarks.landmark": "Landmark",
    "packing.display": "Display show",
    "packing.export": "ExportResult",
    "packing.pack": "PackResult",
    "packing.site": "SiteResult",
    "regions": "Box Cone",
    "rendering.picture": "Camera",
    "reporting.report": "ReportResult report",
    "splats": "Splats",
    "training.run.events": "TrainResult",
    "universe.stars": "StarData",
    "universe.store": "CellView Universe",
    "universe.validate": "Validation",
}
"""The public names by the module of the package in which they are found."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [*_HOMES, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
