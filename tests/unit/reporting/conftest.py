"""A small universe of real stars, as it is built and as it is trained a little, and the reports on both."""

from pathlib import Path
from types import SimpleNamespace

import pytest

import helios

STARS = Path(__file__).parents[2] / "data/gaia_200.csv"


@pytest.fixture(scope="session")
def reports(tmp_path_factory):
    """`bare` and `trained` universes of 200 stars; the files and `numbers` of the trained one, `calm` of the bare."""
    folder = tmp_path_factory.mktemp("reports")
    bare = helios.build(STARS, folder / "bare", leaf_capacity=12, landmarks=[])
    helios.train(bare, output=folder / "trained", levels=False, backend="numba", iterations=20, image_size=48)
    outputs = {"metrics": folder / "numbers.json", "convergence": folder / "curve.png"}
    written = helios.report(folder / "trained", folder / "page.html", **outputs)
    helios.report(bare, folder / "calm.html")
    return SimpleNamespace(
        folder=folder,
        bare=bare,
        trained=helios.open(folder / "trained"),
        page=folder / "page.html",
        calm=folder / "calm.html",
        numbers=written.metrics,
        **outputs,
    )
