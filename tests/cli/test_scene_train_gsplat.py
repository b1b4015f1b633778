"""`helios scene train` with the gsplat backend, without a GPU: the twin stands in for gsplat's kernels, packed and not.

The stand-in is that of unit/rendering/test_gsplat_opaque.py, whose packed rows are held against the unpacked picture.
"""

import functools

import pytest
import torch
from click.testing import CliRunner

from helios.cli import main
from helios.photos.trained import load_trained
from helios.rendering.opaque import OPAQUE_BACKENDS
from helios.rendering.opaque.gsplat_opaque import GsplatOpaque
from tests.support.tiny_scene import write_tiny_scene
from tests.unit.rendering.test_gsplat_opaque import stand_in

STEPS = ("--max-steps", 6, "--sh-degree-interval", 2, "--tb-every", 0, "--max-gaussians", 260, "--batch-size", 2)
ROUNDS = ("--strategy", "default:refine_start_iter=1,refine_every=2,grow_grad2d=1e-6")


def helios(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "tiny"
    return write_tiny_scene(folder, views=4, width=32, height=24, points=120).folder


@pytest.fixture
def asked(monkeypatch):
    """Whether gsplat was asked for packed pictures, each time."""
    packed = []

    def rasterization(**arguments):
        packed.append(arguments["packed"])
        return stand_in(**arguments)

    backend, get = functools.partial(GsplatOpaque, device="cpu", rasterization=rasterization), OPAQUE_BACKENDS.get
    monkeypatch.setattr(OPAQUE_BACKENDS, "get", lambda name: backend if name == "gsplat" else get(name))
    return packed


def test_packed_reaches_gsplat_and_trains_the_same_scene(data, tmp_path, asked):
    """By the strategy that reads gradients of projected centres, which gsplat has of what a view shows only."""
    trained = {}
    for word in ("--no-packed", "--packed"):
        asked.clear()
        output = tmp_path / word
        said = helios("scene", "train", data, "-o", output, "--backend", "gsplat", word, *STEPS, *ROUNDS)
        assert set(asked) == {word == "--packed"}
        assert "changes nothing" not in said
        trained[word] = load_trained(output)
    assert len(trained["--packed"]) > 120
    for name, column in trained["--no-packed"].params.items():
        torch.testing.assert_close(trained["--packed"].params[name], column, rtol=1e-3, atol=1e-4)


def test_what_works_is_found_by_itself_and_is_asked_for_packed_pictures_too(data, tmp_path, asked):
    helios("scene", "train", data, "-o", tmp_path / "out", "--packed", "--max-steps", 1, "--tb-every", 0)
    assert set(asked) == {True}


def test_other_backends_say_that_packed_is_nothing_to_them(data, tmp_path):
    said = helios("scene", "train", data, "-o", tmp_path, "--backend", "numba", "--packed", "--max-steps", 1)
    assert "--packed changes nothing with numba, not a byte: it is for gsplat on a GPU" in said
