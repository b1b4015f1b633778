"""Each promise about what training wrote, broken alone in an otherwise sound universe, is the one that is reported.

Every second cell of 300 made stars has splats, so that there are cells of both kinds for a promise to be broken in.
"""

import numpy as np
import pytest

from helios.errors import StoreError
from helios.universe import Universe, check_splats, paths
from helios.universe.arrays import open_root
from helios.universe.training import splats_digest
from helios.universe.validate import validate_universe
from tests.unit.universe.conftest import add_nothing
from tests.unit.universe.rewriting import rewrite, set_value, train_some


@pytest.fixture(params=[None, 7], ids=["one block", "blocks of 7"])
def path(request, copy_of, tmp_path, monkeypatch):
    if request.param:
        monkeypatch.setattr(check_splats, "BLOCK_ROWS", request.param)
    train_some(copy_of(synthetic=300, depth=2), tmp_path / "trained")
    return tmp_path / "trained"


def splat(name, row, value):
    return lambda columns, _: set_value(columns, f"splats/{name}", row, value)


def one_more_than_stars(columns, _):
    """Splats of the next trained cell given to one that has a splat for its only star."""
    stars, offsets = np.diff(columns["cells/offsets"]), columns["splats/offsets"]
    outcomes = columns["splats/outcomes"]
    i = next(i for i in range(0, len(stars) - 2, 2) if stars[i] == 1 and offsets[i + 3] - offsets[i + 2] > 1)
    assert outcomes[i]
    set_value(columns, "splats/offsets", slice(i + 1, i + 3), offsets[i + 1] + 1)


def trained_without_splats(columns, _):
    set_value(columns, "splats/outcomes", 1, 1)


BROKEN = [
    (splat("means", (5, 1), np.nan), {"splat finite": 1}, "splats row 5: means ("),
    (splat("opacities", 6, np.inf), {"splat finite": 1}, "opacities (inf)"),
    (splat("quats", (7, 0), -np.inf), {"splat finite": 1}, "quats ("),
    (splat("scales", (8, 2), np.nan), {"splat finite": 1}, "scales ("),
    (splat("colors", (9, 2), np.nan), {"splat finite": 1}, "colors ("),
    (splat("quats", 3, [1 + 1e-6, 0, 0, 0]), {"quaternion": 1}, "norm 1.00000"),
    (splat("quats", 3, 0), {"quaternion": 1}, "norm 0; quaternions of splats must have norm 1"),
    (splat("scales", (4, 1), 0), {"splat size": 1}, "scales ("),
    (splat("scales", (4, 1), -1), {"splat size": 1}, "scales of splats must be above 0"),
    (splat("opacities", 2, 0), {"splat light": 1}, "opacity 0; "),
    (splat("opacities", 2, -0.5), {"splat light": 1}, "opacity -0.5; "),
    (splat("colors", 1, [1.1, 1.1, 1.1]), {"splat color": 1}, "of luminance 1.1"),
    (splat("colors", 1, [-0.5, 1, 5.416897]), {"splat color": 1}, "colour (-0.5 "),
    (splat("outcomes", 0, 9), {"outcome": 1}, "outcome 9; "),
    (trained_without_splats, {"splat count": 1}, "trained, without splats"),
    (splat("metrics", (1, 0), 0.5), {"outcome": 1}, "has metrics, and is not trained"),
    (splat("settings", 1, 7), {"outcome": 1}, "has settings, and is not trained"),
    (one_more_than_stars, {"splat count": 1}, "2 splats for 1 stars"),
]


@pytest.mark.parametrize(("change", "counts", "text"), BROKEN)
def test_a_broken_promise_is_the_one_that_is_reported(path, change, counts, text):
    rewrite(path, change)
    findings = validate_universe(path, add_nothing).findings
    assert findings.counts == counts, findings.lines()
    assert any(text in line for line in findings.lines())


def test_splats_of_a_cell_that_is_not_trained(path):
    rewrite(path, splat("outcomes", 0, 0))
    findings = validate_universe(path, add_nothing).findings
    assert findings.counts == {"splat count": 1, "outcome": 2}
    assert any("not trained, with" in line for line in findings.lines())


@pytest.mark.parametrize(
    ("change", "promise", "text"),
    [
        (lambda c, _: set_value(c, "splats/offsets", 0, 1), "splat offsets", "the first offset is 1"),
        (lambda c, _: set_value(c, "splats/offsets", 1, 10_000), "splat offsets", "offset 2 is"),
        (lambda c, _: set_value(c, "splats/offsets", -1, 10_000), "splat offsets", "the last offset is 10,000"),
        (lambda c, _: c.update({"splats/offsets": c["splats/offsets"][1:]}), "splat offsets", "must be one more"),
        (lambda c, _: c.update({"splats/colors": c["splats/colors"][1:]}), "splat offsets", "colors has"),
        (lambda c, _: c.update({"splats/outcomes": c["splats/outcomes"][1:]}), "outcome", "splats/outcomes has"),
        (lambda c, _: c.update({"splats/quats": c["splats/quats"][:, 1:]}), "metadata", "splats/quats is float32"),
    ],
)
def test_where_splats_cannot_be_told_apart_that_is_said(path, change, promise, text):
    rewrite(path, change, index=False)
    result = validate_universe(path, add_nothing)
    assert list(result.findings.counts) == [promise], result.findings.lines()
    assert text in result.findings.lines()[0]
    assert result.skipped


def test_metadata_without_their_checksum(path):
    open_root(path / "universe.zarr", mode="r+")["splats"].attrs["note"] = "added"
    assert validate_universe(path, add_nothing).findings.counts == {"metadata": 1}


def test_a_trained_universe_is_sound(path):
    result = validate_universe(path, add_nothing)
    assert result.sound, result.findings.lines()
    assert result.trained == (result.cells + 1) // 2
    assert 0 < result.splats < 300


@pytest.mark.parametrize("names", [None, 7, [1.5], ["light"], []], ids=str)
def test_forged_names_of_metrics_are_refused_in_one_line(path, names):
    root = open_root(paths.store_path(path), mode="r+")
    attributes = {"metrics": names} if names is not None else {}
    root["splats"].attrs.put(attributes | {"sha256": splats_digest(root, attributes)})
    with pytest.raises(StoreError, match=r"damaged, \w+ names of metrics.*; train it again$") as caught:
        Universe.open(path).metrics()
    assert "\n" not in str(caught.value)
