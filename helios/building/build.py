"""From catalogues to a universe: read, cut, place, sort, write."""

from __future__ import annotations

import contextlib
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from helios import __version__
from helios.building.brightest import Faintest, faintest_of_brightest
from helios.building.config import BuildConfig
from helios.building.duplicates import Repeated, drop_repeated, find_repeated, shares
from helios.building.merging import NO_PART, Survey, bright_stars, merge
from helios.building.partition import Part, Read, described, find_row, read_part, stamp
from helios.building.placing import Placing
from helios.building.plan import Plan, plan_store
from helios.building.runs import Run
from helios.building.shards import Made, make_shard, read_leaves, shards, stored_columns
from helios.building.sorting import Sorting
from helios.building.work import Work, working
from helios.catalog import Reader
from helios.catalog.bright_merge import Merged
from helios.catalog.cuts import Rejections
from helios.catalog.files import BadFiles
from helios.errors import InputError
from helios.files import check_replaceable, replacing, writing
from helios.progress import OnEvent, ignore
from helios.schedulers import open_scheduler
from helios.schedulers.config import SchedulerConfig
from helios.universe.arrays import create_array, open_root
from helios.universe.paths import index_path, is_universe, store_path
from helios.universe.tree import Leaves
from helios.universe.writer import write_tree

LIBRARIES = ("astropy", "numcodecs", "numpy", "pyarrow", "zarr")
"""What reads, places and compresses stars: other versions of these may give other bytes."""

LOCAL = SchedulerConfig().scheduler

SMALL_BYTES = 1 << 25
"""Catalogues that are smaller together are read in this process: others would take longer to start."""


@dataclass(frozen=True)
class BuildReport:
    """What a build read and made: `inputs` as in the provenance, `white` the stars without a finite BP-RP.

    `bad_files` are the files left out, by name, with the reason. `epoch` is the Julian year to which stars were moved,
    None where they were not; of them `unmoved` have no proper motion, and `across` one but no radial velocity.
    `merged` is what became of the embedded bright stars, None where they were not merged.
    `corrected` are the rows whose parallax was corrected by its zero point, and those that have none.
    `depths` are the least and the greatest of the cells.
    """

    path: Path
    inputs: list[dict[str, Any]]
    rejections: Rejections
    bad_files: list[tuple[str, str]]
    white: int
    epoch: float | None
    unmoved: int
    across: int
    corrected: tuple[int, int] | None
    merged: Merged | None
    stars: int
    cells: int
    depths: tuple[int, int]
    size_bytes: int

    @property
    def rows_read(self) -> int:
        """Rows of the catalogues, usable or not."""
        return self.rejections.rows_read


def build_universe(
    config: BuildConfig,
    output: Path,
    add: Callable[[Path], None],
    where: SchedulerConfig | None = None,
    on_event: OnEvent = ignore,
) -> BuildReport:
    """Make the universe that `config` describes, put it at `output` and return what was read and made.

    `add` is called with the directory of the new universe before it takes its place, to write landmarks there. A
    universe at `output` is replaced as a whole; on any error it stays as it was. The pieces of the work run as `where`
    says, `on_event` is told how many are done; a build that was killed goes on from these. Holds some 300 MB per
    worker, and 100 bytes per cell. Takes 1.2 times the disk of the universe beside it while it works.
    Raises InputError for unusable options, catalogues or output, and where no row is a star; WorkerError where workers
    die; StoreError where the disk is full.
    """
    check_replaceable(output, is_universe, "universe")
    where = where or SchedulerConfig()
    if where.scheduler != LOCAL:
        # Workers have another working directory.
        config = replace(config, stars=tuple(path.absolute() for path in map(Path, config.stars)))
    bad_files = BadFiles(config.skip_bad_files)
    readers = config.readers(bad_files)
    seen = [(reader.name, stamp(reader), repr(getattr(reader, "schema", None))) for reader in readers]
    label = [__version__, _versions(), asdict(config), seen]
    with _scheduler(where, readers) as scheduler, working(output, label, scheduler, on_event) as work:
        return _Build(config, output, work, bad_files).make(readers, add)


class _Build:
    """One build: what is known of it so far."""

    def __init__(self, config: BuildConfig, output: Path, work: Work, bad_files: BadFiles):
        self.config, self.output, self.work, self.bad_files = config, output, work, bad_files
        self.rejections, self.sorting = Rejections(), Sorting(config.rule)
        self.placing = Placing(config.cuts, config.length_scale, config.epoch_jyear, self.sorting)
        self.store = store_path(work.folder)
        self.surveys: list[Survey] = []
        self.merged: Merged | None = None

    def make(self, readers: list[Reader], add: Callable[[Path], None]) -> BuildReport:
        reads = self._read(readers)
        runs = [*self._runs(reads), *self._merge()]
        self._drop_repeated(readers, runs)
        if not sum(run.used_rows() for run in runs):
            raise InputError(f"no star left of {self.rejections.rows_read:,} rows: {self.rejections}")
        faintest = self._limit(runs)
        with writing(self.output, f"what was at {self.output} is untouched"):
            plan = plan_store(runs, faintest, self.sorting)
            made = self._write_stars(plan, runs, faintest)
            leaves = Leaves.joined([plan.leaves, *map(read_leaves, made)])
            white, unmoved, across = (sum(getattr(m, name) for m in made) for name in ("white", "unmoved", "across"))
            corrected = tuple(map(sum, zip(*(read.corrected for read in reads)))) if self.config.zero_point else None
            provenance = self._provenance(reads, plan.stars, white, (unmoved, across), corrected)
            size = self._put(leaves, provenance, add)
        return BuildReport(
            self.output,
            provenance["inputs"],
            self.rejections,
            self.bad_files.found,
            white,
            self.config.epoch_jyear,
            unmoved,
            across,
            corrected,
            self.merged,
            plan.stars,
            len(leaves.cells),
            (int(leaves.cells.depth.min()), int(leaves.cells.depth.max())),
            size,
        )

    def _read(self, readers: list[Reader]) -> list[Read]:
        """Read all catalogues; those that are bad and left out are noted."""
        config = self.config
        parts = [
            Part(number, reader, self.placing, self.work.folder, config.skip_bad_files, config.merge_bright)
            for number, reader in enumerate(readers)
        ]
        good, last = [], 0
        rows = attrgetter("rejections.rows_read")
        for reader, read in zip(readers, self.work.stage("reading", read_part, parts, Read.from_json, rows)):
            if read.bad is not None:
                self.bad_files.found.append((reader.name, read.bad))
            else:
                self.rejections.merge(read.rejections)
                good.append(read)
                self.surveys.append(Survey(reader, read.held, 0 if read.identified else last))
                last += 0 if read.identified else read.last_id
        self.bad_files.check(good)
        return good

    def _runs(self, reads: list[Read]) -> list[Run]:
        """All runs; the rows of catalogues that name no stars are numbered on from file to file."""
        return [
            replace(run, least_id=run.least_id + n, greatest_id=run.greatest_id + n, add_to_id=n)
            for read, n in zip(reads, (survey.add_to_id for survey in self.surveys))
            for run in read.runs
        ]

    def _merge(self) -> list[Run]:
        """The run of the embedded bright stars and of the rows that may be such, where they are to be merged."""
        if not self.config.merge_bright:
            return []
        bright, path = bright_stars(self.config.max_mag), self.work.folder / "merged.run"
        runs, self.merged = merge(self.surveys, bright, self.placing, path, self.rejections)
        return runs

    def _drop_repeated(self, readers: list[Reader], runs: list[Run]) -> None:
        pieces = shares(runs, self.work.folder)
        if not pieces:
            return
        for piece, repeated in zip(
            pieces, self.work.stage("finding duplicates", find_repeated, pieces, Repeated.from_json)
        ):
            drop_repeated(piece, repeated)
        count = sum(run.rows - run.used_rows() for run in runs)
        if count:
            run = next(run for run in runs if run.used_rows() < run.rows)
            ids = run.columns("source_id")["source_id"][~run.used()] - run.add_to_id
            where = f"source_id {ids[0]}" if run.part == NO_PART else find_row(readers[run.part], ids)
            self.rejections.add("duplicate source_id", count, where)

    def _limit(self, runs: list[Run]) -> Faintest | None:
        """The last star within --limit; None where all are."""
        limit, stars = self.config.limit, sum(run.used_rows() for run in runs)
        if limit is None or limit >= stars:
            return None
        first = faintest_of_brightest(runs, limit + 1)
        where = f"source_id {first.source_id}, phot_g_mean_mag {first.phot_g_mean_mag:.7g}"
        self.rejections.add("beyond --limit", stars - limit, where)
        return faintest_of_brightest(runs, limit)

    def _write_stars(self, plan: Plan, runs: list[Run], faintest: Faintest | None) -> list[Made]:
        """Write the group `emitters` of the store."""
        pieces = shards(plan, runs, faintest, self.sorting, self.store)
        columns = stored_columns(runs[0].names())
        made = self.store.with_suffix(".made")
        if not (made.exists() and self.store.exists()):
            self.work.done.forget("writing")
            group = open_root(self.store, mode="w").create_group("emitters")
            for name, (dtype, shape) in columns.items():
                create_array(group, name, (plan.stars, *shape), dtype)
            made.touch()
        return self.work.stage("writing", make_shard, pieces, Made.from_json, attrgetter("rows"))

    def _put(self, leaves: Leaves, provenance: dict[str, Any], add: Callable[[Path], None]) -> int:
        """Finish the universe and put it in its place; return its size in bytes."""
        folder = self.work.folder
        write_tree(folder, open_root(self.store, mode="r+"), leaves, self.config.rule, provenance)
        with replacing(self.output, is_universe, "universe") as staging:
            self.store.rename(store_path(staging))
            index_path(folder).rename(index_path(staging))
            add(staging)
            return sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())

    def _provenance(
        self, reads: list[Read], stars: int, white: int, motion: tuple[int, int], corrected: tuple[int, int] | None
    ) -> dict[str, Any]:
        bright = bright_stars(self.config.max_mag) if self.merged is not None else None
        provenance = {
            "helios": __version__,
            "versions": _versions(),
            "command": "build",
            "options": self.config.provenance(),
            "inputs": [read.input for read in reads] + ([described(bright.reader)] if bright else []),
            "bad_files": [name for name, _ in self.bad_files.found],
            "rows_read": self.rejections.rows_read,
            "rejected": self.rejections.counts(),
            "kept": stars,
            "without_bp_rp": white,
        }
        if self.config.epoch is not None:
            provenance |= {"without_proper_motion": motion[0], "moved_across_only": motion[1]}
        if self.merged is not None:
            provenance["merged"] = self.merged.provenance()
        if corrected is not None:
            provenance |= {"zero_point_subtracted": corrected[0], "without_zero_point": corrected[1]}
        return provenance


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


@contextlib.contextmanager
def _scheduler(where: SchedulerConfig, readers: list[Reader]) -> Iterator[Any]:
    small = sum(s[2] for s in map(stamp, readers) if s) < SMALL_BYTES
    workers = 1 if small and where == SchedulerConfig() else where.workers
    with open_scheduler(where.scheduler, workers) as scheduler:
        yield scheduler
