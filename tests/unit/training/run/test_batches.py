"""Batches fit into memory, hold cells that can train together, and leave no job out."""

import numpy as np
import pytest
import torch

from helios.training.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, TRAINING_VIEWS
from helios.training.config import TrainConfig
from helios.training.optim.model import slots_for
from helios.training.run import batches
from helios.training.run.batches import Job, batch_size, by_cost, cells_at_once, plan_batches

GIB = 1 << 30
CONFIG = TrainConfig()


def jobs_of(stars):
    def unread():
        pytest.fail("only read when it trains")

    return [Job(i, int(count), CONFIG.splat_count(int(count)), unread) for i, count in enumerate(stars)]


def test_every_job_is_in_one_batch_of_its_like():
    rng = np.random.default_rng(0)
    jobs = jobs_of(np.rint(10 ** rng.uniform(0, 3.5, 700)))
    plan = plan_batches(jobs, CONFIG, torch.device("cpu"))
    assert sorted(job.index for batch in plan for job in batch) == list(range(700))
    kinds = []
    for batch in plan:
        kind = {(slots_for(job.budget), job.budget >= job.stars) for job in batch}
        assert all(job.exact == (job.budget >= job.stars) for job in batch)
        assert len(kind) == 1
        kinds += kind
    assert kinds == sorted(kinds, key=lambda kind: (kind[1], -kind[0]))
    assert max(map(len, plan)) <= 128


def test_the_most_work_comes_first_and_exact_cells_last():
    jobs = by_cost(jobs_of([3, 500, 8, 40, 9]))
    assert [job.stars for job in jobs] == [500, 40, 9, 8, 3]


@pytest.mark.parametrize(("image_size", "slots"), [(256, 64), (1024, 64), (256, 1 << 14), (4096, 8)])
def test_a_batch_takes_no_more_than_half_of_the_memory(image_size, slots):
    """The truth of all views in float32 is the least a batch takes of the device."""
    config = TrainConfig(image_size=image_size)
    truth = 12 * TRAINING_VIEWS * image_size**2
    for memory in (1 * GIB, 16 * GIB, 140 * GIB):
        size = batch_size(config, slots, memory, 1 << 50)
        assert size == 1 or size * truth < memory / 2
        assert batch_size(config, slots, 2 * memory, 1 << 50) >= size
    assert batch_size(config, slots, 1 << 20, 1 << 50) == 1
    assert batch_size(config, slots, 1 << 50, 1 << 50) == 128


def test_this_machine_holds_the_truth_of_two_batches():
    truth = 12 * (TRAINING_VIEWS + HELD_OUT_DIRECTIONS * len(HELD_OUT_RADII)) * 256**2
    assert batch_size(CONFIG, 64, 1 << 50, 4 * 10 * truth) == 10


def test_the_free_memory_of_a_gpu_counts(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * GIB, 100 * GIB))
    plan = plan_batches(jobs_of([100] * 60), CONFIG, torch.device("cuda"))
    assert 1 < len(plan[0]) < 60


def test_threads_that_would_fill_the_memory_are_not_used(monkeypatch):
    assert cells_at_once(CONFIG, 1) == 1
    monkeypatch.setattr(batches, "physical_bytes", lambda: 64 * GIB)
    assert cells_at_once(TrainConfig(image_size=64), 16) == 16
    assert cells_at_once(TrainConfig(image_size=1024), 16) < 16
    assert cells_at_once(TrainConfig(image_size=4096), 16) == 1
