"""The table of a scene's splats: rows, and the moments that belong to them, go together whatever is done to them."""

import io

import pytest
import torch

from helios.errors import InputError
from helios.photos.table import NAMES, SplatTable


def columns(count: int, harmonics: int = 3) -> dict[str, torch.Tensor]:
    """Columns in which row r holds numbers from r to below r + 1."""
    shapes = {"means": (3,), "scales": (3,), "quats": (4,), "opacities": (), "sh0": (1, 3), "shN": (harmonics, 3)}
    rows = torch.arange(count, dtype=torch.float32)
    return {
        name: rows.view(count, *[1] * len(shape)).expand(count, *shape) + 0.5 * torch.rand(shape)
        for name, shape in shapes.items()
    }


def marked(count: int) -> SplatTable:
    """A table whose moments are 100 and 1000 more than its parameters."""
    table = SplatTable(columns(count))
    for name in NAMES:
        table.exp_avg[name] += table.params[name].detach() + 100.0
        table.exp_avg_sq[name] += table.params[name].detach() + 1000.0
    return table


def rows_of(tensor: torch.Tensor) -> list[int]:
    return tensor.detach().reshape(len(tensor), -1)[:, 0].floor().int().tolist()


def test_moments_follow_rows_and_new_rows_have_none():
    table = marked(5)
    table.keep(torch.tensor([4, 1, 2]))
    table.append(table.rows(torch.tensor([1])))
    table.write(torch.tensor([2]), {"means": torch.full((1, 3), 9.0), "opacities": torch.tensor([9.0])})
    for name in NAMES:
        written = 9 if name in ("means", "opacities") else 2
        assert rows_of(table.params[name]) == [4, 1, written, 1]
        assert rows_of(table.exp_avg[name]) == [104, 101, 0 if written == 9 else 102, 0]
        assert rows_of(table.exp_avg_sq[name]) == [1004, 1001, 0 if written == 9 else 1002, 0]
        assert table.params[name].is_leaf
        assert table.params[name].requires_grad
    table.keep(torch.tensor([False, True, False, False]))
    assert (len(table), table.sh_degree) == (1, 1)


def test_a_table_comes_back_from_a_file_and_shares_nothing():
    table = marked(4)
    table.steps = 7
    file = io.BytesIO()
    torch.save(table.state(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    other = SplatTable(columns(1))
    other.restore(state)
    table.write(torch.arange(4), {name: torch.zeros_like(table.params[name]) for name in NAMES})
    assert (len(other), other.steps) == (4, 7)
    for name in NAMES:
        assert torch.equal(other.params[name], state["params"][name])
        assert torch.equal(other.exp_avg[name], state["exp_avg"][name])
        assert torch.equal(other.exp_avg_sq[name], state["exp_avg_sq"][name])


def test_what_is_no_table_is_refused():
    with pytest.raises(InputError, match="no quats, shN"):
        SplatTable({name: values for name, values in columns(3).items() if name not in ("quats", "shN")})
    with pytest.raises(InputError, match=r"quats has the shape \[3, 3\], must be \[3, 4\]"):
        SplatTable({**columns(3), "quats": torch.zeros(3, 3)})
    with pytest.raises(InputError, match="shN has 7 coefficients"):
        SplatTable(columns(3, harmonics=7))
    broken = columns(3)
    broken["opacities"][1] = float("nan")
    with pytest.raises(InputError, match="row 1: opacities nan must be finite"):
        SplatTable(broken)
    assert len(SplatTable(columns(0))) == 0
