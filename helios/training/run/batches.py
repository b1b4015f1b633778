"""Which cells train together, within the memory of the device and of this machine."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from helios.splats import Cell
from helios.training.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, TRAINING_VIEWS
from helios.training.config import TrainConfig
from helios.training.optim.model import slots_for

_MOST_CELLS = 128
"""Most cells of a batch: larger ones are no faster, and a killed run loses the batch in training."""

_PIECE_S = (2.0, 60.0)
"""Least and greatest duration of a piece: long enough that handing it out costs little, and short enough to lose if the
run is killed."""

_PIECES_PER_WORKER = 4
"""Pieces for each worker, so that all workers end at about the same time."""

_PIECE_CELLS = (16, _MOST_CELLS)
"""Least and greatest number of cells of a piece for a GPU: fewer leave it idle."""

_MEMORY_SHARE = 0.5
"""Share of free memory that the estimates here may fill."""

_IMAGES_PER_STEP = 16
"""Float images that a step holds at once per view: the prediction, its gradient, and intermediates of the loss."""

_BYTES_PER_SLOT = 4 * 14 * 8
_BYTES_PER_SLOT_AND_VIEW = 512
"""Per slot: parameters, gradient and moments. Per slot and view: what the rasteriser stores of its projection."""


@dataclass(frozen=True)
class Job:
    """A cell to train: the `index` of its result, its numbers of `stars` and, as `budget`, splats; `load` reads it."""

    index: int
    stars: int
    budget: int
    load: Callable[[], Cell]

    @property
    def exact(self) -> bool:
        """Whether the budget has a splat for every star, so that there is nothing to train."""
        return self.budget >= self.stars


def by_cost(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs with the most work first, so that parallel threads end at about the same time."""
    return sorted(jobs, key=lambda job: (not job.exact, job.stars), reverse=True)


def plan_batches(jobs: Sequence[Job], config: TrainConfig, device: torch.device) -> list[list[Job]]:
    """Return the jobs in batches of equal padded size, the largest first; exact cells (K = N) are separate, and last.

    A batch is as large as the free memory of `device` allows, and at most 128 cells.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else physical_bytes()
    return _batches(jobs, lambda slots, _: batch_size(config, slots, free, physical_bytes()))


def plan_pieces(jobs: Sequence[Job], config: TrainConfig, workers: int, device_type: str) -> list[list[Job]]:
    """Return the jobs in pieces for this number of workers, the costliest first.

    On the CPU a piece takes a few seconds to a minute; on any other device it is a batch of equal padded size.
    """
    if device_type != "cpu":
        fewest, most_cells = _PIECE_CELLS
        return _batches(jobs, lambda _, cells: min(most_cells, max(fewest, -(-cells // workers))))
    costs = {job.index: _core_seconds(job, config) for job in jobs}
    least, most = _PIECE_S
    aim = min(most, max(least, sum(costs.values()) / (_PIECES_PER_WORKER * workers)))
    pieces: list[list[Job]] = []
    room = 0.0
    for job in by_cost(jobs):
        if room <= 0.0:
            pieces.append([])
            room = aim
        pieces[-1].append(job)
        room -= costs[job.index]
    return pieces


def _batches(jobs: Sequence[Job], size_of: Callable[[int, int], int]) -> list[list[Job]]:
    """Return the jobs in batches that can train together, of `size_of(slots, number of cells of that size)` cells."""
    alike = defaultdict(list)
    for job in by_cost(jobs):
        alike[slots_for(job.budget), job.exact].append(job)
    batches = []
    for (slots, _), group in alike.items():
        size = size_of(slots, len(group))
        batches += [group[first : first + size] for first in range(0, len(group), size)]
    return batches


def _core_seconds(job: Job, config: TrainConfig) -> float:
    """Return the estimated seconds that one core takes for a cell.

    Measured: a step of 4 views of 256 pixels takes 1.1 ms, and 11 us more per splat.
    """
    width, steps = config.image_size / 256, 0 if job.exact else config.iterations
    return 0.1 * width**2 + steps * config.views_per_iter / 4 * (0.2e-3 + width * (0.9e-3 + 11e-6 * job.budget))


def batch_size(config: TrainConfig, slots: int, device_bytes: int, host_bytes: int) -> int:
    """Return how many cells of `slots` slots train together, given the free bytes of the device and of this machine.

    On the device, a cell takes the truth of all training views as float32, the intermediates of a step on
    `views_per_iter` images, and the splats. This machine holds the truth of two batches: that in training and the next.
    """
    image = 3 * 4 * config.image_size**2
    views = config.views_per_iter
    cell = image * (TRAINING_VIEWS + _IMAGES_PER_STEP * views)
    cell += slots * (_BYTES_PER_SLOT + views * _BYTES_PER_SLOT_AND_VIEW)
    fitting = min(_MEMORY_SHARE * device_bytes // cell, _MEMORY_SHARE * host_bytes // (2 * truth_bytes(config)))
    return max(1, min(_MOST_CELLS, int(fitting)))


def cells_at_once(config: TrainConfig, threads: int) -> int:
    """Return how many of `threads` threads may train a cell each within the memory of this machine."""
    step = 3 * 4 * config.image_size**2 * _IMAGES_PER_STEP * config.views_per_iter
    return max(1, min(threads, int(_MEMORY_SHARE * physical_bytes() // (2 * truth_bytes(config) + step))))


def truth_bytes(config: TrainConfig) -> int:
    """Return the bytes of the images that a cell is trained and judged against."""
    return 3 * 4 * config.image_size**2 * (TRAINING_VIEWS + HELD_OUT_DIRECTIONS * len(HELD_OUT_RADII))


def physical_bytes() -> int:
    """Return the bytes of memory of this machine; 8 GiB where the system does not tell, as on Windows."""
    if not hasattr(os, "sysconf"):
        return 8 << 30
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
