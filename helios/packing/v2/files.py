"""The names of the files of a pack v2, and how large they may be. Those of side files: `side`."""

from __future__ import annotations

HEAD, SKY, GLOW = "head.bin", "sky.bin", "glow.bin"

SKY_STEM = "sky"
"""What the names of the sky's side files end in."""

SHARD_BYTES = 256 << 20
"""Most bytes of a shard: what a page group, which is not divided, leaves room for."""


def shard_stem(shard: int) -> str:
    """What the names of the files of a shard end in."""
    return f"{shard:05d}"


def tiles_name(shard: int) -> str:
    """The file of the pages and tiles of a shard."""
    return f"tiles-{shard_stem(shard)}.bin"
