"""A pack format: the cells of the tree as they are, their splats as float64 in one file, and a list with CRCs."""

import json
import zlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from helios.errors import StoreError
from helios.grid import CellId
from helios.packing.pack import PackResult
from helios.packing.pack_cells import OwnCells, PackCell, shown_counts
from helios.progress import Advance, Stage, ignore
from helios.splats import Splats

WIDTHS = {"means": 3, "quats": 4, "scales": 3, "opacities": 1, "colors": 3}


@dataclass(frozen=True)
class ToyFormat:
    marker: ClassVar[str] = "toy.json"
    names: ClassVar[frozenset[str]] = frozenset({"toy.json", "toy.bin"})
    written: ClassVar[frozenset[str]] = names

    def write(self, universe, folder, *, stars_only=False, on_event=ignore):
        cells = OwnCells(universe, stars_only)
        self._write(self._told(cells, "packing", on_event), folder)
        pack = self.open(folder)
        for made, found in zip(self._told(cells, "reading back", on_event), pack, strict=True):
            assert all(np.array_equal(getattr(made.splats, name), getattr(found.splats, name)) for name in WIDTHS)
            assert made.id == found.id
        return pack

    def _told(self, cells, stage, on_event):
        on_event(Stage(stage, len(cells), "cells"))
        for number in range(len(cells)):
            yield from cells.step(number)
            on_event(Advance(number + 1))

    def _write(self, cells, folder):
        listed, start = [], 0
        with (folder / "toy.bin").open("xb") as file:
            for cell in cells:
                columns = [getattr(cell.splats, name).reshape(len(cell.splats), -1) for name in WIDTHS]
                data = np.concatenate(columns, axis=1).astype("<f8").tobytes()
                file.write(data)
                index = (cell.id.depth, cell.id.l, cell.id.theta, cell.id.phi)
                frame = [cell.origin_m.tolist(), cell.half_extent_m, [corner.tolist() for corner in cell.bounds_m]]
                listed.append([index, frame, cell.trained, start, len(data), zlib.crc32(data)])
                start += len(data)
        text = json.dumps(listed).encode()
        (folder / "toy.json").write_bytes(b"%d\n%s" % (zlib.crc32(text), text))

    def open(self, folder):
        return ToyPack(folder)

    def differences(self, universe, pack):
        shown = int(shown_counts(universe).sum())
        if pack.result.splats != shown:
            yield f"it holds {pack.result.splats:,} splats, the universe {shown:,}"


class ToyPack:
    format, files, star_layer = "toy", ("toy.json", "toy.bin"), None

    def __init__(self, folder):
        self.folder = folder
        crc, _, text = (folder / "toy.json").read_bytes().partition(b"\n")
        if crc != b"%d" % zlib.crc32(text):
            raise StoreError(f"{folder}/toy.json: damaged")
        if not (folder / "toy.bin").is_file():
            raise StoreError(f"{folder}/toy.bin: missing")
        self._listed = json.loads(text)
        self.cell_ids = tuple(CellId(*entry[0]) for entry in self._listed)
        depths = {cell.depth for cell in self.cell_ids}
        size = sum(entry[4] for entry in self._listed)
        trained, record = sum(entry[2] for entry in self._listed), 8 * sum(WIDTHS.values())
        depth = depths.pop() if len(depths) == 1 else None
        self.result = PackResult(folder, len(self), trained, size // record, size, record, depth)

    def __len__(self):
        return len(self._listed)

    def check(self, number):
        self.read(number)

    def read(self, number):
        _, (origin, half_extent, bounds), trained, start, size, crc = self._listed[number]
        data = (self.folder / "toy.bin").read_bytes()[start : start + size]
        if zlib.crc32(data) != crc:
            raise StoreError(f"{self.folder}/toy.bin: cell {self.cell_ids[number]}: damaged")
        rows = np.frombuffer(data, "<f8").reshape(-1, sum(WIDTHS.values()))
        columns = dict(zip(WIDTHS, np.split(rows, np.cumsum(list(WIDTHS.values()))[:-1], axis=1)))
        splats = Splats(**columns | {"opacities": columns["opacities"][:, 0]})
        corners = tuple(map(np.array, bounds))
        return PackCell(self.cell_ids[number], np.array(origin), half_extent, corners, splats, trained)

    def __iter__(self):
        return map(self.read, range(len(self)))
