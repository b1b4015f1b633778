"""Cameras and random splats for the tests of the renderer."""

import math

import numpy as np
import pytest
import torch


@pytest.fixture(autouse=True)
def one_torch_thread():
    """These scenes are too small to share out: with more threads, torch spends its time waking them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def look_at_origin():
    """Function (number, distance, width, height, seed) -> viewmats [C, 4, 4], Ks [C, 3, 3] of cameras turned at random
    whose axes pass through the origin; float64 numpy, 60 degrees wide."""

    def cameras(number, distance, width, height, seed=0):
        turns = np.linalg.qr(np.random.default_rng(seed).normal(size=(number, 3, 3)))[0]
        viewmats = np.tile(np.eye(4), (number, 1, 1))
        viewmats[:, :3, :3] = turns * np.linalg.det(turns)[:, None, None]
        viewmats[:, 2, 3] = distance
        focal = width / 2 / math.tan(math.radians(30))
        Ks = np.tile([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1.0]], (number, 1, 1))
        return viewmats, Ks

    return cameras


@pytest.fixture
def random_scene(look_at_origin):
    """Function (cells, splats, views, width, height, dtype) -> the seven tensors of `Backend.render`."""

    def scene(cells=2, splats=20, views=2, width=48, height=40, dtype=torch.float32, seed=0):
        draw = np.random.default_rng(seed)
        viewmats, Ks = look_at_origin(cells * views, 5.0, width, height, seed)
        arrays = (
            draw.uniform(-1, 1, (cells, splats, 3)),
            draw.normal(size=(cells, splats, 4)),
            draw.uniform(0.05, 0.5, (cells, splats, 3)),
            draw.uniform(0.05, 1.5, (cells, splats)),
            draw.uniform(0.2, 1.2, (cells, splats, 3)),
            viewmats.reshape(cells, views, 4, 4),
            Ks.reshape(cells, views, 3, 3),
        )
        return [torch.tensor(a, dtype=dtype) for a in arrays]

    return scene
