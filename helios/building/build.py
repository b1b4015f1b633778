"""From catalogues to a universe: read, cut, place, sort, write."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from helios import __version__
from helios.building.brightest import Faintest, faintest_of_brightest
from helios.building.config import BuildConfig
from helios.building.duplicates import DuplicatesResult, drop_duplicates, duplicates_tasks, find_duplicates
from helios.building.levels import RULE, make_levels
from helios.building.merging import NO_PART, Survey, bright_stars, merge
from helios.building.partition import (
    PartitionResult,
    by_catalogue,
    find_row,
    partition_catalog,
    partition_tasks,
    stamp,
)
from helios.building.placing import Placing
from helios.building.plan import Plan, plan_store
from helios.building.provenance import provenance_of, versions
from helios.building.runs import PIECES, Run
from helios.building.shards import ShardResult, make_shard, read_leaves, shard_tasks, star_boxes_m, stored_columns
from helios.building.sorting import Sorting
from helios.building.work import Work, working
from helios.catalog import Reader
from helios.catalog.bright_merge import Merged
from helios.catalog.counts import Counts
from helios.catalog.files import BadFiles
from helios.cells import Bounds
from helios.errors import InputError
from helios.files import check_replaceable, replacing, writing
from helios.landmarks.files import write_landmarks
from helios.landmarks.landmark import Landmark
from helios.progress import Done, OnEvent, ignore
from helios.schedulers import open_scheduler
from helios.schedulers.config import SchedulerConfig
from helios.solar.bodies_file import bodies_bytes
from helios.solar.readers.joining import Bodies
from helios.universe.arrays import describe_columns, open_root
from helios.universe.groups import VERSION
from helios.universe.level_columns import LevelParts
from helios.universe.paths import bodies_path, index_path, landmarks_path, may_be_replaced, store_path
from helios.universe.tree import Leaves
from helios.universe.writer import write_tree

LOCAL = SchedulerConfig().scheduler

SMALL_BYTES = 1 << 25
"""Catalogues with fewer bytes in total are read in this process: starting workers would take longer."""


@dataclass(frozen=True)
class BuildReport:
    """What a build with `config` read, and the universe it made at `path`.

    The universe has `stars` stars in `cells` cells of the `depths` (least, greatest), and takes `size_bytes` on disk.
    `inputs` are as in its provenance; `counts` are of all rows read. `notes` are sentences on what the files say
    of themselves. `bad_files` are the (name, reason) of files that
    were left out. `merged` says what became of the embedded bright stars; None where they were not merged.
    `bodies` are those of the solar system; None where there are to be none.
    """

    config: BuildConfig
    path: Path
    inputs: list[dict[str, Any]]
    notes: list[str]
    counts: Counts
    bad_files: list[tuple[str, str]]
    merged: Merged | None
    bodies: Bodies | None
    stars: int
    cells: int
    depths: tuple[int, int]
    size_bytes: int


def build_universe(
    config: BuildConfig,
    output: Path,
    landmarks: Sequence[Landmark] | None = None,
    scheduler: SchedulerConfig | None = None,
    on_event: OnEvent = ignore,
) -> BuildReport:
    """Build the universe that `config` describes at `output`; return what was read and made.

    `landmarks` become the universe's list of named places; with None it has no such list. A universe at `output` is
    replaced as a whole; on any error it stays as it was. The pieces of the work run where `scheduler` says; a build
    that was killed resumes from its finished pieces. `on_event` receives a Stage for each kind of piece, an Advance
    for each finished piece, and Done with the report. Takes about 300 MB of memory per worker and 100 bytes per cell,
    and, beside `output` while it works, two and a half times the disk space of the universe.
    Raises InputError for unusable options, catalogues or output, and where no star is left; WorkerError where workers
    die; StoreError where the disk is full.
    """
    check_replaceable(output, may_be_replaced, "universe")
    scheduler = scheduler or SchedulerConfig()
    if scheduler.scheduler != LOCAL:
        # Workers have another working directory.
        config = replace(config, stars=tuple(path.absolute() for path in map(Path, config.stars)))
    bad_files = BadFiles(config.skip_bad_files)
    readers = config.readers(bad_files)
    seen = [(reader.name, stamp(reader), repr(reader.schema)) for reader in readers]
    label = [__version__, VERSION, PIECES, RULE, versions(), asdict(config), seen]
    with _scheduler(scheduler, readers) as opened, working(output, label, opened, on_event) as work:
        report = _Build(config, output, work, bad_files).make(readers, landmarks)
    on_event(Done(report))
    return report


class _Build:
    """The state of one build."""

    def __init__(self, config: BuildConfig, output: Path, work: Work, bad_files: BadFiles):
        self.config, self.output, self.work, self.bad_files = config, output, work, bad_files
        self.counts, self.sorting = Counts(), Sorting(config.rule)
        self.placing = Placing(config.cuts, config.length_scale, config.epoch_jyear, self.sorting)
        self.store = store_path(work.folder)
        self.surveys: list[Survey] = []
        self.inputs: list[dict[str, Any]] = []
        self.merged: Merged | None = None
        self.bodies: Bodies | None = None

    def make(self, readers: list[Reader], landmarks: Sequence[Landmark] | None) -> BuildReport:
        self.bodies = self.config.bodies()
        runs = [*self._read(readers), *self._merge()]
        self._drop_duplicates(readers, runs)
        if not sum(run.used_rows() for run in runs):
            raise InputError(f"no star left of {self.counts.rows_read:,} rows: {self.counts.reasons()}")
        faintest = self._limit(runs)
        with writing(self.output, f"what was at {self.output} is untouched"):
            plan = plan_store(runs, faintest, self.sorting)
            shards = self._write_stars(plan, runs, faintest)
            leaves = Leaves.joined([plan.leaves, *map(read_leaves, shards)])
            self.counts = sum((shard.counts for shard in shards), self.counts)
            offsets = np.r_[0, np.cumsum(leaves.count)]
            levels = make_levels(self.work, leaves.cells, offsets)
            tree = leaves, star_boxes_m(leaves, shards), levels
            size_bytes = self._put(tree, self._provenance(plan.stars), landmarks)
        return BuildReport(
            config=self.config,
            path=self.output,
            inputs=self.inputs,
            notes=self._notes(),
            counts=self.counts,
            bad_files=self.bad_files.found,
            merged=self.merged,
            bodies=self.bodies,
            stars=plan.stars,
            cells=len(leaves.cells),
            depths=(int(leaves.cells.depth.min()), int(leaves.cells.depth.max())),
            size_bytes=size_bytes,
        )

    def _read(self, readers: list[Reader]) -> list[Run]:
        """Read all catalogues and return their runs; note the bad files that are left out.

        The rows of catalogues without identifiers are numbered consecutively from file to file.
        """
        tasks = partition_tasks(readers, self.placing, self.work.folder, self.config)
        runs: list[Run] = []
        last = 0
        rows = attrgetter("counts.rows_read")
        results = self.work.stage("reading", partition_catalog, tasks, PartitionResult, rows)
        for reader, parts in zip(readers, by_catalogue(readers, tasks, results)):
            if parts[0].bad is not None:
                self.bad_files.found.append((reader.name, parts[0].bad))
                continue
            add = 0 if parts[0].identified else last
            runs += [
                replace(run, least_id=run.least_id + add, greatest_id=run.greatest_id + add, add_to_id=add)
                for read in parts
                for run in read.runs
            ]
            last += 0 if parts[0].identified else parts[-1].last_id
            self.counts += sum((read.counts for read in parts), Counts())
            self.inputs.append(parts[0].input)
            self.surveys.append(Survey(reader, [read.held for read in parts if read.held], add))
        self.bad_files.check(self.surveys)
        return runs

    def _merge(self) -> list[Run]:
        """Return the run of the embedded bright stars and the rows that may match them; none without --merge-bright."""
        if not self.config.merge_bright:
            return []
        bright = bright_stars(self.config.max_mag)
        runs, self.merged, counts = merge(self.surveys, bright, self.placing, self.work.folder / "merged.run")
        self.counts += counts
        self.inputs.append(bright.reader.provenance())
        return runs

    def _drop_duplicates(self, readers: list[Reader], runs: list[Run]) -> None:
        for run in runs:
            run.dropped_path.unlink(missing_ok=True)  # of a killed build: no piece vouches for it
        tasks = duplicates_tasks(runs, self.work.folder)
        if not tasks:
            return
        for task, result in zip(tasks, self.work.stage("finding duplicates", find_duplicates, tasks, DuplicatesResult)):
            drop_duplicates(task, result)
        count = sum(run.rows - run.used_rows() for run in runs)
        if count:
            run = next(run for run in runs if run.used_rows() < run.rows)
            ids = run.columns("source_id")["source_id"][~run.used()] - run.add_to_id
            where = f"source_id {ids[0]}" if run.part == NO_PART else find_row(readers[run.part], ids)
            self.counts += Counts.rejecting("duplicate source_id", count, where)

    def _limit(self, runs: list[Run]) -> Faintest | None:
        """Return the last star within --limit, None where all stars are; count the others."""
        limit, stars = self.config.limit, sum(run.used_rows() for run in runs)
        if limit is None or limit >= stars:
            return None
        first = faintest_of_brightest(runs, limit + 1)
        where = f"source_id {first.source_id}, phot_g_mean_mag {first.phot_g_mean_mag:.7g}"
        self.counts += Counts.rejecting("beyond --limit", stars - limit, where)
        return faintest_of_brightest(runs, limit)

    def _write_stars(self, plan: Plan, runs: list[Run], faintest: Faintest | None) -> list[ShardResult]:
        """Write the group `emitters` of the store; return the result of each shard."""
        tasks = shard_tasks(plan, runs, faintest, self.sorting, self.store)
        columns = {
            name: (dtype, (plan.stars, *shape)) for name, (dtype, shape) in stored_columns(runs[0].names()).items()
        }
        describe_columns(self.store, "emitters", columns)
        shards = self.work.stage("writing", make_shard, tasks, ShardResult, attrgetter("rows"))
        sums = {name: [value for shard in shards for value in shard.sums[name]] for name in columns}
        describe_columns(self.store, "emitters", columns, sums)
        return shards

    def _put(
        self,
        tree: tuple[Leaves, Bounds, LevelParts],
        provenance: dict[str, Any],
        landmarks: Sequence[Landmark] | None,
    ) -> int:
        """Finish the universe and move it to the output; return its size in bytes."""
        folder = self.work.folder
        for leftover in self.store.rglob("*.partial"):  # of a process that was killed while it wrote a file
            leftover.unlink()
        beside = landmarks_path(folder), bodies_path(folder)
        for path in beside:
            path.unlink(missing_ok=True)  # a killed build's may have been for other landmarks or bodies
        if landmarks is not None:
            write_landmarks(landmarks_path(folder), landmarks)
        if self.bodies is not None:
            bodies_path(folder).write_bytes(bodies_bytes(self.bodies.orbits))
        write_tree(folder, open_root(self.store, mode="r+"), *tree, self.config.rule, provenance)
        with replacing(self.output, may_be_replaced, "universe", durable=True) as staging:
            self.store.rename(store_path(staging))
            for path in (index_path(folder), *beside):
                if path.exists():
                    path.rename(staging / path.name)
            return sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())

    def _provenance(self, stars: int) -> dict[str, Any]:
        bad = [name for name, _ in self.bad_files.found]
        said = provenance_of(self.config, self.counts, stars, self.inputs, bad, self._notes())
        if self.merged is not None:
            said["merged"] = self.merged.provenance()
        if self.bodies is not None:
            said["solar_system"] = self.bodies.provenance()
        return said

    def _notes(self) -> list[str]:
        return [*self.bad_files.notes, *(note for survey in self.surveys for note in survey.reader.notes)]


@contextlib.contextmanager
def _scheduler(where: SchedulerConfig, readers: list[Reader]) -> Iterator[Any]:
    small = sum(reader.path.stat().st_size for reader in readers if reader.path) < SMALL_BYTES
    workers = 1 if small and where == SchedulerConfig() else where.workers
    with open_scheduler(where.scheduler, workers) as scheduler:
        yield scheduler
