"""Training of many cells of a universe: plan, train in batches, keep what is done, resume, commit."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from helios import __version__
from helios.render.backend import Backend
from helios.train.cameras import TRAINING_VIEWS
from helios.train.config import TrainConfig
from helios.train.engine import CellResult, train_batch
from helios.train.model import slots_for
from helios.universe import Universe
from helios.universe.journal import TrainingJournal
from helios.universe.training import TrainedCell

_BATCH_MEMORY_BYTES = {"cpu": 256 << 20, "cuda": 8 << 30}
"""Memory that the training images of one batch may take, by kind of device."""

_MOST_CELLS = {"cpu": 8, "cuda": 128}


@dataclass(frozen=True)
class Planned:
    """The first event: how many of the `selected` cells are `done` already, and in how many `batches` the rest go."""

    selected: int
    done: int
    batches: int


@dataclass(frozen=True)
class BatchTrained:
    """A batch is trained and safe on disk: (index of the cell, its result) each, and the seconds it took."""

    results: tuple[tuple[int, CellResult], ...]
    seconds: float


@dataclass(frozen=True)
class Committed:
    """The last event: everything is in the universe at `path`, of which `trained` cells are trained in all."""

    path: Path
    trained: int


def train_universe(
    source: Path, output: Path, cells: Sequence[int], config: TrainConfig, backend: Backend
) -> Iterator[Planned | BatchTrained | Committed]:
    """Train `cells` (indices) of the universe at `source` into the universe at `output`, yielding what happens.

    Cells that are trained already with the same settings, backend and stars are left alone. Each batch is on disk
    when its event arrives; a run that was stopped anywhere goes on from there and ends with the same bytes.
    `output` may be `source`. Raises StoreError and InputError as `Universe.open` does.
    """
    universe = Universe.open(source)
    digest = config.digest(helios=__version__, backend=backend.name, stars=universe.fingerprint)
    journal = TrainingJournal.open(universe, output, digest)
    todo = [i for i in cells if i not in journal.done]
    batches = plan_batches(universe, todo, config, backend.device.type)
    yield Planned(len(cells), len(cells) - len(todo), len(batches))
    for batch in batches:
        began = time.monotonic()
        results = train_batch([universe.cell(i) for i in batch], config, backend)
        journal.append([TrainedCell(i, r.splats, r.metrics, r.outcome) for i, r in zip(batch, results)])
        yield BatchTrained(tuple(zip(batch, results)), time.monotonic() - began)
    trained = journal.commit()
    yield Committed(Path(output), trained)


def plan_batches(universe: Universe, cells: Sequence[int], config: TrainConfig, device: str) -> list[list[int]]:
    """Return `cells` in batches of like padded size, the largest first; exact cells (K = N) by themselves."""
    alike = defaultdict(list)
    for i in cells:
        emitters = int(universe.offsets[i + 1] - universe.offsets[i])
        count = config.splat_count(emitters)
        alike[slots_for(count), count >= emitters].append(i)
    size = batch_size(config, device)
    groups = [alike[kind] for kind in sorted(alike, reverse=True)]
    return [group[first : first + size] for group in groups for first in range(0, len(group), size)]


def batch_size(config: TrainConfig, device: str) -> int:
    """How many cells train together on a kind of device, as the memory of their training images allows."""
    image_bytes = TRAINING_VIEWS * config.image_size**2 * 3 * 4
    return max(1, min(_MOST_CELLS[device], _BATCH_MEMORY_BYTES[device] // image_bytes))
