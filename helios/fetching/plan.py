"""Divides a question into separate queries, so that each star is in the answer to exactly one of them.

The archive first counts the stars in bands of 1/16 magnitude. Pieces are consecutive bands, bright ones first, so that
`--limit` needs only the bands of the brightest stars. Multiples of 1/16 are exact both as binary and as decimal
numbers: the archive puts its single-precision magnitudes into the same band when it counts and when it answers, and a
piece whose number of rows differs from the count is known to be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from helios.fetching.config import Question

BANDS_PER_MAG = 16


@dataclass(frozen=True)
class Piece:
    """One query: its ADQL, and the number of rows it must return, None where that is known only for its `group`.

    The pieces of one group share one range of magnitudes.
    """

    adql: str
    group: int
    rows: int | None


@dataclass(frozen=True)
class Plan:
    """The pieces of a question in order, and the number of rows that they return in total."""

    pieces: list[Piece]
    rows: int


def count_query(question: Question) -> str:
    """Return the ADQL that counts the stars of `question`, with the columns `band`, floor(16 magnitude), and `n`."""
    return (
        f"SELECT band, COUNT(*) AS n FROM (SELECT FLOOR({question.magnitude} * {BANDS_PER_MAG}) AS band "
        f"FROM {question.table} WHERE {_conditions(question)}) AS bands GROUP BY band ORDER BY band"
    )


def plan_pieces(question: Question, bands: Iterable[tuple[int, int]]) -> Plan:
    """Return the pieces of `question`, of at most about `rows_per_piece` rows each, bright ones first.

    `bands` is the answer to `count_query`, as (band, number of stars). Bands beyond the `limit` are left out.
    """
    groups: list[list[tuple[int, int]]] = []
    total, cut = 0, None
    for band, rows in sorted(bands):
        if not groups or sum(n for _, n in groups[-1]) + rows > question.rows_per_piece:
            groups.append([])
        groups[-1].append((band, rows))
        total += rows
        if question.limit is not None and total >= question.limit:
            cut = band + 1
            break
    edges = [None, *(group[0][0] for group in groups[1:]), cut]
    pieces = []
    for index, group in enumerate(groups):
        rows = sum(n for _, n in group)
        where = _conditions(question, edges[index], edges[index + 1])
        pieces += [Piece(adql, index, known) for adql, known in _split(question, where, rows)]
    return Plan(pieces, total)


def _split(question: Question, where: str, rows: int) -> list[tuple[str, int | None]]:
    adql = f"SELECT {', '.join(question.columns)} FROM {question.table} WHERE {where}"
    parts = -(-rows // question.rows_per_piece)
    if parts == 1:
        return [(adql, rows)]
    # Identifiers are multiples of a power of two (128 in Gaia): only an odd divisor spreads them evenly.
    parts += 1 - parts % 2
    return [(f"{adql} AND MOD({question.source_id}, {parts}) = {part}", None) for part in range(parts)]


def _conditions(question: Question, first: int | None = None, end: int | None = None) -> str:
    """Return the conditions of the question and of the bands from `first` to before `end`, in ADQL."""
    magnitude = question.magnitude
    conditions = [f"{magnitude} <= {question.max_mag!r}"]
    if question.min_mag is not None:
        conditions.append(f"{magnitude} >= {question.min_mag!r}")
    if first is not None:
        conditions.append(f"{magnitude} >= {first / BANDS_PER_MAG!r}")
    if end is not None:
        conditions.append(f"{magnitude} < {end / BANDS_PER_MAG!r}")
    if question.where is not None:
        conditions.append(f"({question.where})")
    return " AND ".join(conditions)
