"""What a catalogue file says of its own table: one description, whatever the way in which its format says it.

A reader fills in what its format has; `FileReader.interpret` is what makes use of it, for all formats.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MASK_ENDING = ".mask"
"""What astropy appends to a column's name to name the column that says, row by row, whether its value is missing."""


@dataclass(frozen=True)
class Coordinates:
    """A coordinate system as a file declares it: `system`, `equinox` and `epoch` as they stand there, or empty.

    `source` is where it stands, such as "COOSYS", for messages.
    """

    system: str = ""
    equinox: str = ""
    epoch: str = ""
    source: str = ""


@dataclass(frozen=True)
class Declared:
    """What a file says of one table: the `names` of its columns, and what it says beyond them.

    `units` and `coordinates` are by column; a column of which the file says nothing is absent. `titles` are texts that
    may name the survey, such as the table's name. `notes` are sentences for the report, such as that rows were left
    out of the file.
    """

    names: Sequence[str]
    units: Mapping[str, str] = field(default_factory=dict)
    coordinates: Mapping[str, Coordinates] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def mask_of(self, column: str) -> str | None:
        """Return the column that says where `column` has no value; None where there is none."""
        mask = column + MASK_ENDING
        return mask if mask in self.names else None

    def mentions(self, word: str) -> bool:
        """Return whether a title has `word`, which is in small letters and digits, whatever stands between these."""
        return any(word in re.sub(r"[^a-z0-9]", "", title.lower()) for title in self.titles)


def one_system(names: Sequence[str], systems: Sequence[Coordinates]) -> dict[str, Coordinates]:
    """Return the coordinates by column where all `systems` that a file declares are one; else none."""
    alike = {(s.system.lower(), s.equinox.lower(), s.epoch.lower()) for s in systems}
    return dict.fromkeys(names, systems[0]) if len(alike) == 1 else {}
