"""How a data set of photographs is read: what is left out, what is held out, how far pictures are reduced."""

from __future__ import annotations

from dataclasses import dataclass

from helios.options import check_limits, option

EVERY_EIGHTH = 8
"""Which photographs are held out where neither the data set nor the user says: every eighth, as in gsplat."""


@dataclass(frozen=True)
class DataOptions:
    """The options of `load_dataset`. Raises InputError for a value outside its limits."""

    data_factor: int = option(1, "Reduce photographs by this factor.", (1, 64))
    test_every: int | None = option(
        None,
        "Hold out every Nth photograph, by name, to judge by; 0 holds out none. "
        "[default: as the files of splits/ say, else 8]",
        (0, 1_000_000),
        type=int,
    )
    match_string: str | None = option(
        None, "Use only photographs with this token in their name.", type=str, also=("--match",)
    )
    normalize_world_space: bool = option(
        True,
        "Move, turn and scale the world so that the cameras stand about 1 from its origin and the points lie flat.",
        is_flag=True,
    )
    cache_gb: float = option(1.0, "Keep so much of decoded photographs in memory, GB.", (0, 1024))

    def __post_init__(self):
        check_limits(self)
