"""Writes `tables.json`: tables of values that are hard to write as CSV, as Python's `csv` module writes them.

`python -m tests.data.points.tables` from the repository. Each case is `{separator, text, rows}`; `rows` are the values
that `csv.reader` reads back from `text`, without blank lines. Names in the header are plain: they tell the separator.
"""

from __future__ import annotations

import csv
import io
import json
import random
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("tables.json")
SEED = 19
CASES = 120
PIECES = ("", " ", ",", ";", "\t", '"', '""', "\n", "\r\n", "\r", "a", "Sirius", "α Cen", "-1.46", "'", "#", "\ufeff")
HEADERS = (["ra", "dec"], ["ra", "dec", "parallax", "name"], ["x", "y", "z", "name", "color"])


def case(rng: random.Random) -> dict[str, Any]:
    """Return one table of random values in a random dialect."""
    separator = rng.choice(",;\t")
    header = rng.choice(HEADERS)
    rows = [["".join(rng.choices(PIECES, k=rng.randrange(5))) for _ in header] for _ in range(rng.randrange(6))]
    out = io.StringIO(newline="")
    quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    writer = csv.writer(out, delimiter=separator, lineterminator=rng.choice(["\n", "\r\n"]), quoting=quoting)
    writer.writerows([header, *rows])
    text = out.getvalue()
    return {"separator": separator, "text": text, "rows": read(text, separator)}


def read(text: str, separator: str) -> list[list[str]]:
    """Return the rows of `text` as Python reads them, blank lines left out."""
    return [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if row]


def cases() -> list[dict[str, Any]]:
    """Return all cases, the same ones each time."""
    rng = random.Random(SEED)
    return [case(rng) for _ in range(CASES)]


if __name__ == "__main__":
    FILE.write_text(json.dumps(cases(), indent=0) + "\n")
