"""A batch that does not fit in memory is trained in halves, and so are the later ones; the results are in its order.

The training is a stand-in that has room for so many cells, so that every part that is tried is known.
"""

import dataclasses
import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from helios.errors import BackendError
from helios.splats import CellResult
from helios.training.config import TrainConfig
from helios.training.run import this_process
from helios.training.run.batches import Job
from helios.training.run.this_process import BatchTrainer, TrainContext


@dataclasses.dataclass(frozen=True)
class NoScene:
    index: int
    rng: np.random.Generator


@pytest.fixture
def trainer(monkeypatch):
    """Makes a trainer with room for so many cells, and what it did: `tried` sizes and `notes`."""

    def make(room):
        tried, notes = [], []

        def train_scenes(scenes, config, backend, observer, checkpoint, begun):
            tried.append(len(scenes))
            assert list(begun) == [-scene.index for scene in scenes]
            if len(scenes) > room:
                raise torch.OutOfMemoryError("CUDA out of memory")
            return [CellResult(place, None, {}, f"cell {scene.index}") for place, scene in enumerate(scenes)]

        monkeypatch.setattr(this_process, "train_scenes", train_scenes)
        observer = SimpleNamespace(note=notes.append, ended=lambda scene, result: None)
        backend = SimpleNamespace(device=torch.device("cpu"))
        context = TrainContext(TrainConfig(), backend, observer, tuple, threading.Event())
        return BatchTrainer(context), tried, notes

    return make


def batch_of(indices):
    prepared = [(NoScene(i, np.random.default_rng(i)), -i) for i in indices]
    return [Job(i, 1, 1, lambda: None) for i in indices], prepared


def test_a_batch_too_large_is_halved_and_so_are_the_later_ones(trainer):
    """Room for 3: a batch of 10 is tried whole, as 5, then as 3, 3, 3 and 1; the one after it in parts of 3."""
    trainer, tried, notes = trainer(3)
    done = [trainer.train(*batch_of(indices)) for indices in (range(10), range(10, 15))]
    assert [note.cells for note in notes] == [5, 3]
    assert [note.text for note in notes][1] == "out of memory: going on with at most 3 cells at a time"
    assert tried == [10, 5, 3, 3, 3, 1, 3, 2]
    results = [result for trained in done for result in trained.results]
    assert [result.index for result in results] == list(range(15))
    assert [result.outcome for result in results] == [f"cell {i}" for i in range(15)]
    parts = [list(checkpoint) for trained in done for checkpoint in trained.checkpoints]
    assert [0, 1, 2] in parts
    assert [9] in parts


def test_a_cell_that_does_not_fit_alone(trainer):
    trainer, tried, _ = trainer(0)
    with pytest.raises(BackendError, match="cpu has too little memory for one cell"):
        trainer.train(*batch_of([1, 2]))
    assert tried == [2, 1]
