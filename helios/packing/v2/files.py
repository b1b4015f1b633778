"""The names of the files of a pack v2, and how large they may be."""

from __future__ import annotations

HEAD, SKY, GLOW, SKY_IDS = "head.bin", "sky.bin", "glow.bin", "ids-sky.bin"

SHARD_BYTES = 256 << 20
"""Most bytes of a shard: what a page group, which is not divided, leaves room for."""


def tiles_name(shard: int) -> str:
    """The file of the pages and tiles of a shard."""
    return f"tiles-{shard:05d}.bin"


def ids_name(shard: int) -> str:
    """The file of the identifiers of a shard's stars."""
    return f"ids-{shard:05d}.bin"
