"""Why a photograph is in no model, read from COLMAP's database (https://colmap.github.io/database.html)."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

PAIR = 2_147_483_647
"""The number of a pair is PAIR times the lower number of a photograph plus the higher."""


def reasons_of(database: Path, names: Collection[str], placed: Collection[str]) -> dict[str, str]:
    """Return in words why each of `names` that is not `placed` is not, by name."""
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        by_id = dict(connection.execute("SELECT image_id, name FROM images"))
        features = dict(connection.execute("SELECT image_id, rows FROM keypoints"))
        pairs = connection.execute("SELECT pair_id, rows FROM two_view_geometries WHERE rows > 0").fetchall()
    best: dict[str, tuple[int, str]] = {}
    for pair, points in pairs:
        one, other = (by_id[number] for number in divmod(pair, PAIR))
        best[one] = max(best.get(one, (0, "")), (points, other))
        best[other] = max(best.get(other, (0, "")), (points, one))
    reasons = {}
    for number, name in sorted(by_id.items()):
        if name not in names or name in placed:
            continue
        if not features.get(number):
            reasons[name] = "no feature was found in it"
        elif name not in best:
            reasons[name] = f"none of its {features[number]:,} features fit those of another photograph"
        else:
            points, other = best[name]
            reasons[name] = f"shares at most {points:,} points with another ({other}), too few to be placed"
    return reasons
