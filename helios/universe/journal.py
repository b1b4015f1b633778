"""The journal of a training run: what is trained but not in the universe yet.

Each batch is a file of its own, written whole or not at all. When all cells are done, the universe is made anew
beside the old one, with the journal's splats in its store, and takes its place. A run that is killed therefore
loses the batch in flight and nothing else.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helios.errors import StoreError
from helios.files import check_replaceable, replacing, write_file, writing
from helios.splats import CellResult, Splats
from helios.universe import paths
from helios.universe.arrays import open_root
from helios.universe.store import Universe
from helios.universe.training import GROUP, SPLAT_COLUMNS, check_finite, write_splats
from helios.universe.writer import manifest_of

_LAST_LOST = "what was trained last is lost, all before is kept: the same command goes on from it"


class TrainingJournal:
    """The trained batches of one run that are not in the universe at `output` yet; made by `open`.

    `digest` (hex) names the settings; `done` are the indices of the cells that are trained with just these,
    in the universe or in the journal. `folder` holds the journal, and may hold more that ends with it.
    """

    def __init__(self, output: Path, digest: str):
        self.output, self.digest = output, digest
        self.folder = paths.journal_path(output) / digest
        self._universe = Universe.open(output)
        self._code = np.uint64(int(digest[:16], 16))
        self._fresh = {cell.index: cell for part in sorted(self.folder.glob("*.npz")) for cell in _read_part(part)}
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
            check_replaceable(output, paths.is_universe, "universe")
            fits = paths.is_universe(output) and Universe.open(output).fingerprint == source.fingerprint
            with writing(output, "nothing was changed there"):
                if not fits:
                    with replacing(output, paths.is_universe, "universe") as staging:
                        _copy_built(source.path, staging)
                        _write_manifest(staging)
                _copy_landmarks(source.path, output)
        return cls(output, digest)

    def begin(self) -> None:
        """Make the folder of the journal. Raises StoreError where it cannot be: before anything is trained for it."""
        with writing(self.output, "nothing was changed there"):
            self.folder.mkdir(parents=True, exist_ok=True)

    def append(self, cells: Sequence[CellResult]) -> None:
        """Put the results of a batch on disk, whole or not at all.

        Raises StoreError where that cannot be, and for splats that are not finite.
        """
        with writing(self.output, _LAST_LOST):
            self.folder.mkdir(parents=True, exist_ok=True)
        append_beside(self.output, self.digest, cells)
        self._take(cells)

    def take(self, part: Path) -> list[CellResult]:
        """Take up the results that `append_beside` wrote to `part`, and return them. Raises StoreError if damaged."""
        cells = _read_part(part)
        self._take(cells)
        return cells

    def _take(self, cells: Sequence[CellResult]) -> None:
        self._fresh |= {cell.index: cell for cell in cells}
        self.done |= set(self._fresh)

    def commit(self) -> int:
        """Move the journal into the universe; returns how many of its cells are trained in all.

        The universe is replaced as a whole, without the packed files that no longer fit it. With an empty journal
        it stays as it is. Raises StoreError where it cannot be written; then all is as it was.
        """
        universe, stored = self._universe, self._universe.training
        if not self._fresh:
            return int(universe.trained.sum())
        results = {i: (cell, self._code) for i, cell in self._fresh.items()}
        if stored is not None:
            kept = set(np.flatnonzero(stored.trained).tolist()) - results.keys()
            results |= {i: (stored.result(i), stored.settings[i]) for i in kept}
        state = "every cell is trained and kept: the same command goes on from there"
        with writing(self.output, state), replacing(self.output, paths.is_universe, "universe") as staging:
            _copy_built(self.output, staging)
            _copy_tree(paths.journal_path(self.output), paths.journal_path(staging), without=self.digest)
            root = open_root(paths.store_path(staging), mode="r+")
            write_splats(root, len(universe), results)
            _write_manifest(staging)
        return len(results)


def part_path(folder: Path, indices: Sequence[int]) -> Path:
    """The file in a journal's `folder` for the results of the cells of these indices, in this order."""
    return folder / f"{hashlib.sha256(np.array(indices, np.int64).tobytes()).hexdigest()[:16]}.npz"


def append_beside(output: Path, digest: str, cells: Sequence[CellResult]) -> Path:
    """Put the results of a batch into the journal of `output` from a process that does not hold it.

    Returns the file, for `TrainingJournal.take`. Two processes may do so with the same cells at once. Raises
    StoreError as `TrainingJournal.append` does.
    """
    folder = paths.journal_path(output) / digest
    part = part_path(folder, [cell.index for cell in cells])
    with writing(output, _LAST_LOST):
        write_file(part, _part_bytes(cells))
    return part


def _part_bytes(cells: Sequence[CellResult]) -> bytes:
    for cell in cells:
        check_finite(cell)
    names = sorted(cells[0].metrics)
    part: dict[str, Any] = {
        "index": np.array([cell.index for cell in cells]),
        "counts": np.array([len(cell.splats) for cell in cells]),
        "outcomes": np.array([cell.outcome for cell in cells]),
        "names": np.array(names),
        "metrics": np.array([[cell.metrics[name] for name in names] for cell in cells], np.float64),
    }
    part |= {c: np.concatenate([getattr(cell.splats, c) for cell in cells]) for c in SPLAT_COLUMNS}
    content = io.BytesIO()
    np.savez(content, **part)
    return content.getvalue()


def _write_manifest(directory: Path) -> None:
    paths.index_path(directory).write_text(manifest_of(Universe.open(directory)), encoding="utf-8")


def _copy_built(source: Path, target: Path) -> None:
    """Copy what a build wrote."""
    _copy_tree(paths.store_path(source), paths.store_path(target), without=GROUP)
    _copy_landmarks(source, target)


def _copy_tree(source: Path, target: Path, without: str) -> None:
    """Copy the folder `source`, but for what is called `without` in it; whatever is not metadata, as hard links.

    Nothing ever writes to a chunk or to a part of a journal: they are replaced.
    """
    for folder, folders, files in os.walk(source, onerror=_fail):
        if Path(folder) == source and without in folders:
            folders.remove(without)
        copy = target / Path(folder).relative_to(source)
        if files:
            copy.mkdir(parents=True, exist_ok=True)
        for name in files:
            if name == "zarr.json" or not _link(Path(folder, name), copy / name):
                shutil.copyfile(Path(folder, name), copy / name)


def _fail(error: OSError) -> None:
    raise error


def _link(origin: Path, copy: Path) -> bool:
    """Whether a hard link could be made: not to another device, nor on a file system without links."""
    try:
        os.link(origin, copy)
    except OSError:
        return False
    return True


def _copy_landmarks(source: Path, target: Path) -> None:
    landmarks, copy = paths.landmarks_path(source).read_bytes(), paths.landmarks_path(target)
    if not (copy.exists() and copy.read_bytes() == landmarks):
        write_file(copy, landmarks)


def _read_part(path: Path) -> list[CellResult]:
    try:
        with open(path, "rb") as file, np.load(file) as part:
            columns = dict(part)
        ends = np.cumsum(columns["counts"])
        pieces = [np.split(columns[name], ends[:-1]) for name in SPLAT_COLUMNS]
        names = columns["names"].tolist()
        rows = zip(columns["index"].tolist(), zip(*pieces), columns["metrics"].tolist(), columns["outcomes"].tolist())
        return [CellResult(i, Splats(*splats), dict(zip(names, values)), out) for i, splats, values, out in rows]
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise StoreError(f"{path}: damaged ({error}); remove it, its cells are trained again") from error
