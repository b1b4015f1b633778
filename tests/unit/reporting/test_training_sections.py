"""What a report says of training, against numpy and the splats themselves; its pictures against the float64 twin.

The light of splats is integrated over directions here, not by the formula that the package measures it by.
"""

import numpy as np
import pytest
import torch

from helios.errors import InputError
from helios.rendering import pick_backend
from helios.reporting.convergence import convergence_png
from helios.reporting.training import TrainedCells, curve_table
from helios.reporting.worst import SIZE_PX, pictures, worst_cells
from helios.splats import LOSS_CURVE, rotation_rows
from helios.training.cameras import fibonacci_sphere
from helios.universe.training import OUTCOMES


@pytest.fixture(scope="module")
def cells(reports):
    return TrainedCells(reports.trained)


def mean_light(splats, directions):
    """The light of splats in the mean over `directions` [D, 3]: a shadow has the area of sqrt(det S u' S^-1 u)."""
    rotation = np.moveaxis(np.array(rotation_rows(*splats.quats.astype(np.float64).T)), -1, 0)
    scales = splats.scales.astype(np.float64)
    along = np.einsum("kji,dj->kdi", rotation, directions) / scales[:, None]
    area = np.prod(scales, axis=1)[:, None] * np.linalg.norm(along, axis=-1)
    return float((2.0 * np.pi * splats.opacities[:, None] * area).mean(axis=1).sum())


def test_light_is_that_of_splats_against_stars(reports, cells):
    directions = fibonacci_sphere(4000)
    told = {row["cell"]: row["light_error_mmag"] for row in reports.numbers["light"]["cells"]}
    assert len(told) == len(cells)
    all_light, all_stars = 0.0, 0.0
    for index in cells.index.tolist():
        cell = reports.trained[index]
        _, half_extent_m = cell.frame_m
        stars = reports.trained.columns(
            ("x_m", "y_m", "z_m", "phot_g_mean_mag"), *map(int, reports.trained.offsets[[index, index + 1]])
        )
        distance = np.sqrt(sum(stars[name] ** 2 for name in ("x_m", "y_m", "z_m")))
        light = float((7e-6 * distance**2 * 10.0 ** (-0.4 * stars["phot_g_mean_mag"].astype(np.float64))).sum())
        splats = mean_light(cell.splats, directions) * half_extent_m**2
        # 4,000 directions leave 1e-5 of an elongated splat's light, float32 stars and splats less.
        assert told[str(cell.id)] == pytest.approx(-2500.0 * np.log10(splats / light), abs=0.05)
        all_light, all_stars = all_light + splats, all_stars + light
    together = reports.numbers["light"]["light_error"][0]["together_mmag"]
    assert together == pytest.approx(-2500.0 * np.log10(all_light / all_stars), abs=0.05)


def test_distributions_are_quantiles_over_fitted_cells(reports, cells):
    metrics, trained = reports.trained.metrics(), reports.trained.trained
    codes = reports.trained.training.outcomes
    fitted = trained & (codes != OUTCOMES.index("exact"))
    assert 0 < fitted.sum() < trained.sum(), "exact cells are among them, to be left out"
    kinds = {"trained": "trained", "start of the training": "start", "the K brightest stars": "brightest"}
    for name, key in (("psnr", "psnr_db"), ("flux_error", "flux_error_percent")):
        rows = reports.numbers["training"][key]
        assert len(rows) == 9
        for row in rows:
            values = metrics[f"{name}_{row['radii']:g}_{kinds[row['of']]}"][fitted]
            expected = np.quantile(values, [0.1, 0.5, 0.9])
            assert [row["10_percent"], row["median"], row["90_percent"]] == pytest.approx(expected, rel=1e-5)
    assert reports.numbers["training"]["trained_cells"] == trained.sum()
    assert sum(reports.numbers["training"]["outcomes"].values()) == trained.sum()


def test_the_curve_is_the_median_over_cells(reports, cells):
    metrics = reports.trained.metrics()
    curves = np.stack([metrics[name] for name in LOSS_CURVE], axis=1)
    known = np.isfinite(curves[:, 0])
    shares = curves[known] / curves[known, :1]
    rows = reports.numbers["training"]["loss_curve"]
    assert [row["part_of_16"] - 1 for row in rows] == list(range(16)), "20 steps reach all parts"
    assert [row["loss_median"] for row in rows] == pytest.approx(np.median(shares, axis=0), rel=1e-5)
    assert rows[0]["loss_median"] == 1.0
    gap = np.full((2, 16), np.nan)
    gap[:, [0, 5]] = [[1.0, 0.5], [1.0, 0.25]]
    assert [(row["part_of_16"], row["loss_median"]) for row in curve_table(gap)] == [(1, 1.0), (6, 0.375)]


def test_the_worst_are_those_of_the_largest_flux_error(reports, cells):
    error = cells.metrics["flux_error_5_trained"].copy()
    error[~cells.fitted] = -1.0
    told = reports.numbers["worst_cells"]["worst"]
    assert [row["cell"] for row in told] == [
        str(reports.trained.cells[int(cells.index[i])]) for i in worst_cells(cells)
    ]
    assert [row["flux_error_percent"] for row in told] == pytest.approx(np.sort(error)[::-1][: len(told)], rel=1e-5)
    assert len(told) == min(10, int(cells.fitted.sum()))


def test_pictures_of_cells_are_those_of_the_float64_twin(reports, cells):
    """Stars and splats of a worst cell, drawn anew from the store in cell units, with a camera built by hand."""
    index = int(cells.index[worst_cells(cells)[0]])
    truth, drawn = pictures(reports.trained, index)
    cell, splats = reports.trained.cell(index), reports.trained.splats(index)
    forward = -np.array([0.48, -0.6, 0.64])
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    viewmat = np.eye(4)
    viewmat[:3, :3] = [right, np.cross(forward, right), forward]
    viewmat[:3, 3] = viewmat[:3, :3] @ forward * 5.0 * cell.radius
    focal = 2.0 * 0.5 * SIZE_PX / np.tan(np.deg2rad(30.0))
    K = np.array([[focal, 0.0, SIZE_PX / 2], [0.0, focal, SIZE_PX / 2], [0.0, 0.0, 1.0]])
    typical = np.median(cell.emitters.luminosities.astype(np.float64))
    exposure = 0.03 * 2.0 * np.pi * 0.5 * (5.0 * cell.radius) ** 2 / (typical * (focal / 2.0) ** 2)
    columns = (splats.means, splats.quats, splats.scales, exposure * splats.opacities, splats.colors)
    tensors = [torch.as_tensor(np.ascontiguousarray(c, np.float32))[None] for c in (*columns, viewmat[None], K[None])]
    twin = pick_backend("torch").render(*tensors, SIZE_PX, SIZE_PX)[0, 0].numpy()
    assert np.abs(drawn - twin).max() < 1e-4 * twin.max() + 1e-5
    # A star alone peaks at its exposure; all light of the stars is in the picture, which the cell does not fill.
    flux = exposure * focal**2 * cell.emitters.luminosities.astype(np.float64) / (5.0 * cell.radius) ** 2
    assert truth.sum() / 3.0 == pytest.approx(flux.sum(), rel=0.5)
    assert truth.shape == drawn.shape == (SIZE_PX, SIZE_PX, 3)


def test_the_curve_alone_is_the_same_picture_twice(reports, cells):
    png = reports.convergence.read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert png == convergence_png(cells.loss_curves())


def test_a_universe_without_a_curve_is_told_so(reports, tmp_path):
    import helios

    with pytest.raises(InputError, match=r"--convergence: \S+ has no curve of losses: no cell of it is trained"):
        helios.report(reports.bare, tmp_path / "page.html", convergence=tmp_path / "curve.png")
    assert list(tmp_path.iterdir()) == []
