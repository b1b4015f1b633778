"""Which cells train together, as the memory of the device and of this machine allows."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from helios.splats import Cell
from helios.train.cameras import HELD_OUT_DIRECTIONS, HELD_OUT_RADII, TRAINING_VIEWS
from helios.train.config import TrainConfig
from helios.train.optim.model import slots_for

_MOST_CELLS = 128
"""Cells of a batch: more do not train faster, and a batch is what a kill loses."""

_PIECE_S = (2.0, 60.0)
"""How long a piece takes at least, that handing it out does not matter, and at most, as a kill loses it."""

_PIECES_PER_WORKER = 4
"""So that workers end at about the same time."""

_PIECE_CELLS = (16, _MOST_CELLS)
"""Cells of a piece for a GPU: fewer leave it idle."""

_MEMORY_SHARE = 0.5
"""Of free memory, what the estimates here may fill."""

_IMAGES_PER_STEP = 16
"""Float images that a step holds at a time per view: the prediction, its gradient, and what the loss makes of them."""

_BYTES_PER_SLOT = 4 * 14 * 8
_BYTES_PER_SLOT_AND_VIEW = 512
"""Parameters, their gradient and moments; and what the rasteriser keeps of a splat's projection."""


@dataclass(frozen=True)
class Job:
    """A cell to train: an index for its result, how many `stars` it has, its `budget` of splats, and what reads it."""

    index: int
    stars: int
    budget: int
    load: Callable[[], Cell]

    @property
    def exact(self) -> bool:
        """Whether the budget has a splat for every star, so that there is nothing to train."""
        return self.budget >= self.stars


def by_cost(jobs: Sequence[Job]) -> list[Job]:
    """Return the jobs with the most work first, so that threads that work side by side end at about the same time."""
    return sorted(jobs, key=lambda job: (not job.exact, job.stars), reverse=True)


def plan_batches(jobs: Sequence[Job], config: TrainConfig, device: torch.device) -> list[list[Job]]:
    """Return the jobs in batches of like padded size, the largest first; exact cells (K = N) by themselves, last.

    A batch is as large as the free memory of `device` allows, and at most 128 cells.
    """
    free = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else physical_bytes()
    return _batches(jobs, lambda slots, _: batch_size(config, slots, free, physical_bytes()))


def plan_pieces(jobs: Sequence[Job], config: TrainConfig, workers: int, device_type: str) -> list[list[Job]]:
    """Return the jobs in pieces for so many workers, the costliest first.

    On the CPU they take a few seconds to a minute; on any other device they are batches of like padded size.
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
    """The jobs in batches that can train together, of `size_of(slots, how many of that size there are)` cells."""
    alike = defaultdict(list)
    for job in by_cost(jobs):
        alike[slots_for(job.budget), job.exact].append(job)
    batches = []
    for (slots, _), group in alike.items():
        size = size_of(slots, len(group))
        batches += [group[first : first + size] for first in range(0, len(group), size)]
    return batches


def _core_seconds(job: Job, config: TrainConfig) -> float:
    """About how long a core takes for a cell, as measured: 1.1 ms a step of 4 views of 256 pixels, 11 us a splat."""
    width, steps = config.image_size / 256, 0 if job.exact else config.iterations
    return 0.1 * width**2 + steps * config.views_per_iter / 4 * (0.2e-3 + width * (0.9e-3 + 11e-6 * job.budget))


def batch_size(config: TrainConfig, slots: int, device_bytes: int, host_bytes: int) -> int:
    """How many cells of `slots` splats train together with so much memory free on the device and on this machine.

    Bytes of a cell: the truth of all views as float32, what a step makes of `views_per_iter` images, and the splats.
    This machine holds the truth of two batches: one in training and the one after it.
    """
    image = 3 * 4 * config.image_size**2
    views = config.views_per_iter
    cell = image * (TRAINING_VIEWS + _IMAGES_PER_STEP * views)
    cell += slots * (_BYTES_PER_SLOT + views * _BYTES_PER_SLOT_AND_VIEW)
    fitting = min(_MEMORY_SHARE * device_bytes // cell, _MEMORY_SHARE * host_bytes // (2 * truth_bytes(config)))
    return max(1, min(_MOST_CELLS, int(fitting)))


def cells_at_once(config: TrainConfig, threads: int) -> int:
    """How many of `threads` threads may train a cell each with the memory of this machine."""
    step = 3 * 4 * config.image_size**2 * _IMAGES_PER_STEP * config.views_per_iter
    return max(1, min(threads, int(_MEMORY_SHARE * physical_bytes() // (2 * truth_bytes(config) + step))))


def truth_bytes(config: TrainConfig) -> int:
    """Memory of what a cell is trained and judged against."""
    return 3 * 4 * config.image_size**2 * (TRAINING_VIEWS + HELD_OUT_DIRECTIONS * len(HELD_OUT_RADII))


def physical_bytes() -> int:
    """The memory of this machine; 8 GiB where the system does not tell, as Windows does not."""
    if not hasattr(os, "sysconf"):
        return 8 << 30
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
