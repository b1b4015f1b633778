"""The journal of a training run: what is trained but not in the universe yet.

Each batch is a file of its own, written whole or not at all. When all cells are done, the universe is made anew
beside the old one, with the journal's splats in its store, and takes its place. A run that is killed therefore
loses the batch in flight and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helios.errors import StoreError
from helios.splats import Splats
from helios.universe import paths
from helios.universe.arrays import open_root
from helios.universe.index import index_text
from helios.universe.replace import check_replaceable, replacing
from helios.universe.store import Universe
from helios.universe.training import GROUP, SPLAT_COLUMNS, TrainedCell, write_splats


class TrainingJournal:
    """The trained batches of one run that are not in the universe at `output` yet; made by `open`.

    `digest` (hex) names the settings; `done` are the indices of the cells that are trained with just these,
    in the universe or in the journal.
    """

    def __init__(self, output: Path, digest: str):
        self.output, self.digest = output, digest
        self._folder = paths.journal_path(output) / digest
        self._universe = Universe.open(output)
        self._code = np.uint64(int(digest[:16], 16))
        self._fresh = {cell.index: cell for part in sorted(self._folder.glob("*.npz")) for cell in _read_part(part)}
        self.done = set(self._fresh)
        if self._universe.training is not None:
            self.done |= set(np.flatnonzero(self._universe.training.settings == self._code).tolist())

    @classmethod
    def open(cls, source: Universe, output: Path, digest: str) -> TrainingJournal:
        """Return the journal for training the stars of `source` into the universe at `output`.

        Where there is none at `output`, or one of other stars, a copy of `source` without its packed files takes
        its place. The landmarks become those of `source`. Raises InputError where `output` is something else than
        a universe.
        """
        output = Path(output)
        if not (output.exists() and output.samefile(source.path)):
            check_replaceable(output)
            if not paths.is_universe(output) or Universe.open(output).fingerprint != source.fingerprint:
                with replacing(output) as staging:
                    _copy_built(source.path, staging)
                    counts = np.diff(source.offsets)
                    paths.index_path(staging).write_text(
                        index_text(source.grid, *source.cells, counts), encoding="utf-8"
                    )
            _copy_landmarks(source.path, output)
        return cls(output, digest)

    def append(self, cells: Sequence[TrainedCell]) -> None:
        """Put the results of a batch on disk, whole or not at all."""
        index = np.array([cell.index for cell in cells])
        names = sorted(cells[0].metrics)
        part = {
            "index": index,
            "counts": np.array([len(cell.splats) for cell in cells]),
            "outcomes": np.array([cell.outcome for cell in cells]),
            "names": np.array(names),
            "metrics": np.array([[cell.metrics[name] for name in names] for cell in cells], np.float64),
        }
        part |= {c: np.concatenate([getattr(cell.splats, c) for cell in cells]) for c in SPLAT_COLUMNS}
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._folder / f"{hashlib.sha256(index.tobytes()).hexdigest()[:16]}.npz"
        staged = target.with_suffix(".new")
        with open(staged, "wb") as file:
            np.savez(file, **part)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(target)
        self._fresh |= {cell.index: cell for cell in cells}
        self.done |= set(self._fresh)

    def commit(self) -> int:
        """Move the journal into the universe; returns how many of its cells are trained in all.

        The universe is replaced as a whole, without the packed files that no longer fit it. With an empty journal
        it stays as it is.
        """
        universe, stored = self._universe, self._universe.training
        if not self._fresh:
            return int(universe.trained.sum())
        results = {i: (cell, self._code) for i, cell in self._fresh.items()}
        if stored is not None:
            kept = set(np.flatnonzero(stored.trained).tolist()) - results.keys()
            results |= {i: (stored.result(i), stored.settings[i]) for i in kept}
        with replacing(self.output) as staging:
            _copy_built(self.output, staging)
            root = open_root(paths.store_path(staging), mode="r+")
            counts = write_splats(root, len(universe), results)
            trained = counts > 0
            counts = np.where(trained, counts, np.diff(universe.offsets))
            text = index_text(universe.grid, *universe.cells, counts, trained=trained)
            paths.index_path(staging).write_text(text, encoding="utf-8")
        return len(results)


def _copy_built(source: Path, target: Path) -> None:
    """Copy what a build wrote: chunks as hard links, as nothing ever writes to one."""

    def link(origin: str, copy: str) -> None:
        if Path(origin).name == "zarr.json":
            shutil.copyfile(origin, copy)
            return
        try:
            os.link(origin, copy)
        except OSError:  # another device, or a file system without links
            shutil.copyfile(origin, copy)

    def leave_splats(folder: str, names: list[str]) -> list[str]:
        return [GROUP] if Path(folder) == paths.store_path(source) else []

    shutil.copytree(paths.store_path(source), paths.store_path(target), copy_function=link, ignore=leave_splats)
    _copy_landmarks(source, target)


def _copy_landmarks(source: Path, target: Path) -> None:
    staged = paths.landmarks_path(target).with_suffix(".new")
    shutil.copyfile(paths.landmarks_path(source), staged)
    staged.replace(paths.landmarks_path(target))


def _read_part(path: Path) -> list[TrainedCell]:
    try:
        with open(path, "rb") as file, np.load(file) as part:
            columns = dict(part)
        ends = np.cumsum(columns["counts"])
        pieces = [np.split(columns[name], ends[:-1]) for name in SPLAT_COLUMNS]
        names = columns["names"].tolist()
        rows = zip(columns["index"].tolist(), zip(*pieces), columns["metrics"].tolist(), columns["outcomes"].tolist())
        return [TrainedCell(i, Splats(*splats), dict(zip(names, values)), out) for i, splats, values, out in rows]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path}: damaged ({error}); remove it, its cells are trained again") from error
