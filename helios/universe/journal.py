"""The journal of a training run: results that are not in the universe yet.

The results of each batch are written to their own file, whole or not at all. When all cells are done, a new universe
with the splats of the journal is written beside the old one and replaces it. A killed run therefore loses only the
batches in training.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from helios.constants import PARSEC_M
from helios.errors import StoreError
from helios.files import check_replaceable, replacing, tidy, write_file, writing
from helios.levels.choice import PlaceGain
from helios.progress import Note, OnEvent, ignore
from helios.splats import CellResult, Splats
from helios.universe import paths
from helios.universe.arrays import check_arrays, open_root
from helios.universe.index import read_bodies, read_landmarks
from helios.universe.level_columns import LEVEL_GROUPS, TRAINED_GROUP
from helios.universe.store import Universe
from helios.universe.trained_levels import write_trained_levels
from helios.universe.training import GROUP, SPLAT_COLUMNS, check_finite, write_splats
from helios.universe.writer import manifest_of

_LAST_LOST = "what was trained last is lost, all before is kept: the same command goes on from it"


class TrainingJournal:
    """The results of one run that are not in the universe at `output` yet; `open` returns it.

    Results have the indices of cells of the universe, which has M of them, and M + i for cell i of its levels. `digest`
    (hex) identifies the settings; `done` are the indices of what is trained with these settings, in the universe or in
    the journal. `folder` holds the journal and may hold other files, which are removed with it.
    """

    def __init__(self, output: Path, digest: str):
        self.output, self.digest = output, digest
        self.folder = paths.journal_path(output) / digest
        self._universe = Universe.open(output)
        self._code = np.uint64(int(digest[:16], 16))
        self._fresh = {cell.index: cell for cell in self._kept()}
        self.done = set(self._fresh)
        if self._universe.training is not None:
            self.done |= set(np.flatnonzero(self._universe.training.settings == self._code).tolist())
        trained = np.flatnonzero(self._universe.levels.settings == self._code)
        self.done |= set((len(self._universe) + trained).tolist())

    def _kept(self) -> Iterator[CellResult]:
        """Yield the results in the journal; a damaged file is removed, so that its cells are trained again."""
        for part in sorted(self.folder.glob("*.npz")):
            try:
                yield from _read_part(part)
            except StoreError:
                part.unlink()

    @classmethod
    def open(cls, source: Universe, output: Path, digest: str) -> TrainingJournal:
        """Return the journal for training the stars of `source` into the universe at `output`.

        If there is none at `output`, or one of other stars, it is replaced by a copy of `source` without splats and
        packs. The landmarks and bodies become those of `source`. Raises InputError if `output` exists and is not a
        universe, StoreError if nothing can be written.
        """
        output = Path(output)
        if not (output.exists() and output.samefile(source.path)):
            check_replaceable(output, paths.may_be_replaced, "universe")
            fits = paths.is_universe(output) and Universe.open(output).fingerprint == source.fingerprint
            with writing(output, "nothing was changed there"):
                if not fits:
                    with replacing(output, paths.may_be_replaced, "universe", durable=True) as staging:
                        _copy_built(source.path, staging)
                        _write_manifest(staging)
                _copy_beside(source.path, output)
                _write_manifest(output)
        return cls(output, digest)

    def begin(self) -> None:
        """Make the folder of the journal. Raises StoreError, before anything is trained in vain, if that fails."""
        with writing(self.output, "nothing was changed there"):
            self.folder.mkdir(parents=True, exist_ok=True)

    def append(self, cells: Sequence[CellResult]) -> None:
        """Write the results of a batch to disk, whole or not at all.

        Raises StoreError if they cannot be written or the splats are not finite.
        """
        with writing(self.output, _LAST_LOST):
            self.folder.mkdir(parents=True, exist_ok=True)
        append_beside(self.output, self.digest, cells)
        self._take(cells)

    def take(self, part: Path) -> list[CellResult]:
        """Add the results that `append_beside` wrote to `part`, and return them. Raises StoreError if damaged."""
        cells = _read_part(part)
        self._take(cells)
        return cells

    def _take(self, cells: Sequence[CellResult]) -> None:
        self._fresh |= {cell.index: cell for cell in cells}
        self.done |= set(self._fresh)

    def commit(self, on_event: OnEvent = ignore) -> int:
        """Move the journal into the universe, and return how many of its cells are trained in all.

        The universe is replaced as a whole, without the packs that no longer fit it. `on_event` is told what training
        adds to the levels, by place. With an empty journal nothing changes. Raises StoreError, and leaves everything as
        it was, if the universe cannot be written.
        """
        universe, stored = self._universe, self._universe.training
        if not self._fresh:
            tidy(self.output)
            return int(universe.trained.sum())
        count = len(universe)
        results = {i: (cell, self._code) for i, cell in self._fresh.items() if i < count}
        of_levels = {i - count: cell for i, cell in self._fresh.items() if i >= count}
        if stored is not None:
            kept = set(np.flatnonzero(stored.trained).tolist()) - results.keys()
            results |= {i: (stored.result(i), stored.settings[i]) for i in kept}
        state = "every cell is trained and kept: the same command goes on from there"
        replaced = replacing(self.output, paths.may_be_replaced, "universe", durable=True)
        with writing(self.output, state), replaced as staging:
            _copy_built(self.output, staging)
            _copy_tree(paths.journal_path(self.output), paths.journal_path(staging), without=(self.digest,))
            root = open_root(paths.store_path(staging), mode="r+")
            if results:
                write_splats(root, count, results)
            if of_levels or universe.levels.settings.any():
                taken, gains = write_trained_levels(root, universe, of_levels, self._code)
                for line in _gains_lines(len(of_levels), taken, gains):
                    on_event(Note(line))
            _write_manifest(staging)
        return len(results)


def _gains_lines(cells: int, taken: int, gains: Sequence[PlaceGain]) -> Iterator[str]:
    words = f"levels: {taken} of {cells} cells take what they were trained to"
    if not taken:
        yield f"{words}: no view of the whole is better for it without a worse one"
        return
    yield f"{words}; light in the wrong place, seen from"
    each = [f"{g.distance_m / PARSEC_M:.3g} pc {100 * g.before:.2f} -> {100 * g.after:.2f} %" for g in gains]
    for start in range(0, len(each), 4):
        yield f"  {', '.join(each[start : start + 4])}"


def part_path(folder: Path, indices: Sequence[int]) -> Path:
    """Return the file in a journal's `folder` for the results of the cells `indices`, in this order."""
    return folder / f"{hashlib.sha256(np.array(indices, np.int64).tobytes()).hexdigest()[:16]}.npz"


def append_beside(output: Path, digest: str, cells: Sequence[CellResult]) -> Path:
    """Write the results of a batch to the journal of `output` from another process, and return the file.

    `TrainingJournal.take` adds it. Two processes may write the same cells at once. Raises StoreError as
    `TrainingJournal.append` does.
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
    """Write `index.json` anew, whole or not at all, where it is not the manifest already."""
    path, text = paths.index_path(directory), manifest_of(Universe.open(directory)).encode()
    if not (path.is_file() and path.read_bytes() == text):
        write_file(path, text)


def _copy_built(source: Path, target: Path) -> None:
    """Copy the store without what is trained, the landmarks and the bodies.

    Training need not use all levels of detail: damage to them would go on unseen, and is looked for. Raises StoreError.
    """
    root = open_root(paths.store_path(source))
    for group in LEVEL_GROUPS:
        check_arrays(root, group)
    _copy_tree(paths.store_path(source), paths.store_path(target), without=(GROUP, TRAINED_GROUP))
    _copy_beside(source, target)


def _copy_tree(source: Path, target: Path, without: tuple[str, ...]) -> None:
    """Copy the folder `source` except its subfolders `without`, with hard links for all files but metadata.

    Links are safe as chunks and parts of a journal are never written to, only replaced.
    """
    for folder, folders, files in os.walk(source, onerror=_fail):
        if Path(folder) == source:
            folders[:] = [name for name in folders if name not in without]
        copy = target / Path(folder).relative_to(source)
        if files:
            copy.mkdir(parents=True, exist_ok=True)
        for name in files:
            if name == "zarr.json" or not _link(Path(folder, name), copy / name):
                shutil.copyfile(Path(folder, name), copy / name)


def _fail(error: OSError) -> None:
    raise error


def _link(origin: Path, copy: Path) -> bool:
    """Return whether a hard link could be made, which fails across devices and on file systems without links."""
    try:
        os.link(origin, copy)
    except OSError:
        return False
    return True


def _copy_beside(source: Path, target: Path) -> None:
    """Copy the landmarks and the bodies. Raises StoreError where those of `source` are damaged."""
    files = (read_landmarks(source), paths.landmarks_path(target)), (read_bodies(source), paths.bodies_path(target))
    for content, copy in files:
        if content is None:
            copy.unlink(missing_ok=True)
        elif not (copy.is_file() and copy.read_bytes() == content):
            write_file(copy, content)


def _read_part(path: Path) -> list[CellResult]:
    try:
        with open(path, "rb") as file, np.load(file) as part:
            columns = dict(part)
        ends = np.cumsum(columns["counts"])
        pieces = [np.split(columns[name], ends[:-1]) for name in SPLAT_COLUMNS]
        names = columns["names"].tolist()
        rows = zip(columns["index"].tolist(), zip(*pieces), columns["metrics"].tolist(), columns["outcomes"].tolist())
        return [CellResult(i, Splats(*splats), dict(zip(names, values)), out) for i, splats, values, out in rows]
    except (MemoryError, OSError):
        raise
    except Exception as error:  # zipfile and NumPy have many words for damage
        raise StoreError(f"{path}: damaged ({error}); its cells are trained again by the same command") from error
