"""From a checkpoint training goes on to the same bytes, whatever controls the density; from a wrong one it does not.

Training is broken off by an observer that raises, which ends it between two steps as a kill would. Cells of 40 stars in
images of 32 pixels; density control acts several times before and after the break.
"""

import dataclasses
import errno
import os
import stat

import numpy as np
import pytest
import torch

from helios.errors import StoreError
from helios.rendering import pick_backend
from helios.training.config import TrainConfig
from helios.training.registries import STRATEGIES
from helios.training.run.checkpoint import Checkpoint
from helios.training.run.engine import train_scenes
from helios.training.scene import Scene
from tests.unit.training.scenes import cluster

CONFIG = TrainConfig(iterations=48, image_size=32, densify_interval=6, densify_until=40)
WILD = dataclasses.replace(CONFIG, learning_rate=1.0)
"""A rate that makes the loss worse, so that there is a second attempt."""


class Broken(Exception):
    """The kill."""


class Steps:
    """An observer that notes every step, and breaks off after the given number of them."""

    def __init__(self, most: int | None = None):
        self.made, self.most = [], most

    def __call__(self, made):
        self.made.append(made.steps)
        if len(self.made) == self.most:
            raise Broken


@pytest.fixture(scope="module")
def backend():
    return pick_backend("numba")


@pytest.fixture
def checkpoint(tmp_path):
    return Checkpoint(tmp_path / "deep" / "a.checkpoint", "these settings", 10)


def train(config, backend, steps, checkpoint=None, cells=1):
    scenes = [Scene.of(cluster(40, seed), config) for seed in range(cells)]
    return train_scenes(scenes, config, backend, steps, checkpoint)


def same(ours, theirs):
    fields = [field.name for field in dataclasses.fields(ours.splats)]
    equal = all(np.array_equal(getattr(ours.splats, name), getattr(theirs.splats, name)) for name in fields)
    return equal and ours.metrics == theirs.metrics and ours.outcome == theirs.outcome


@pytest.mark.parametrize("strategy", STRATEGIES.names())
def test_a_resumed_training_ends_with_the_same_bytes(backend, checkpoint, strategy):
    config = dataclasses.replace(CONFIG, strategy=strategy)
    undisturbed = train(config, backend, None, cells=2)
    with pytest.raises(Broken):
        train(config, backend, Steps(27), checkpoint, cells=2)
    rest = Steps()
    resumed = train(config, backend, rest, checkpoint, cells=2)
    assert rest.made[0] == 21
    assert all(map(same, resumed, undisturbed))


def test_the_second_attempt_goes_on_without_the_first(backend, checkpoint):
    (undisturbed,) = train(WILD, backend, None)
    with pytest.raises(Broken):
        train(WILD, backend, Steps(WILD.iterations + 33), checkpoint)
    rest = Steps()
    (resumed,) = train(WILD, backend, rest, checkpoint)
    assert rest.made == list(range(31, WILD.iterations + 1))
    assert same(resumed, undisturbed)


def test_a_checkpoint_of_something_else_is_not_used(backend, checkpoint):
    with pytest.raises(Broken):
        train(CONFIG, backend, Steps(15), checkpoint)
    other = Checkpoint(checkpoint.path, "other settings", 0)
    steps = Steps()
    (result,) = train(CONFIG, backend, steps, other)
    assert steps.made[0] == 1
    assert same(result, train(CONFIG, backend, None)[0])


def test_it_holds_tensors_numbers_and_text_alone(backend, checkpoint):
    with pytest.raises(Broken):
        train(CONFIG, backend, Steps(15), checkpoint)
    stored = torch.load(checkpoint.path, weights_only=True)
    assert stored["label"] == "these settings"
    assert stored["state"]["step"] == 10
    assert stored["state"]["model"]["params"].shape == (1, 16, 14)


def test_nothing_is_written_unless_asked_for(backend, checkpoint):
    never = Checkpoint(checkpoint.path, checkpoint.label, 0)
    train(CONFIG, backend, None, never)
    assert not checkpoint.path.parent.exists()


def test_remove_takes_both_attempts_away(backend, checkpoint):
    train(WILD, backend, None, checkpoint)
    assert len(list(checkpoint.path.parent.iterdir())) == 2
    checkpoint.remove()
    assert list(checkpoint.path.parent.iterdir()) == []


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "label"])
def test_a_damaged_one_is_as_none(backend, checkpoint, damage):
    """The training begins anew, and ends with the same splats."""
    (whole,) = train(CONFIG, backend, None, checkpoint)
    content = bytearray(checkpoint.path.read_bytes())
    if damage == "cut":
        content = content[:-100]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    elif damage == "empty":
        content = b""
    elif damage == "label":  # no UTF-8 in the names of the zip
        content[content.index(b"data.pkl")] = 0xFF
    else:
        torch.save({"label": checkpoint.label}, checkpoint.path)
        content = checkpoint.path.read_bytes()
    checkpoint.path.write_bytes(content)
    steps = Steps()
    (again,) = train(CONFIG, backend, steps, checkpoint)
    assert same(again, whole)
    assert steps.made[0] == 1


def test_a_full_disk_leaves_the_checkpoint_before(backend, checkpoint, monkeypatch):
    sync, calls = os.fsync, []

    def full(handle):
        calls.extend([handle] if stat.S_ISREG(os.fstat(handle).st_mode) else [])
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"a\.checkpoint: No space left on device"):
        train(CONFIG, backend, None, checkpoint)
    assert [path.name for path in checkpoint.path.parent.iterdir()] == ["a.checkpoint"]
    assert torch.load(checkpoint.path, weights_only=True)["state"]["step"] == 10
