"""An export format: how many stars each cell has, a line each."""

from dataclasses import dataclass

from helios.options import option
from helios.packing.export import Exported


@dataclass(frozen=True)
class Counts:
    separator: str = option(" ", "What stands between a cell and its number of stars.")

    def write(self, shown, file):
        universe = shown.universe
        for i in shown.stars_of:
            stars = int(universe.offsets[i + 1] - universe.offsets[i])
            file.write(f"{universe.cells[i]}{self.separator}{stars}\n".encode())
        return Exported(len(shown))
