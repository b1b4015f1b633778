"""A universe: a directory with the cells of a grid, their stars, landmarks and where they came from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helios.universe.store import Universe

__all__ = ["Universe"]


def __getattr__(name: str):
    # Importing zarr takes a fifth of a second, which users of Universe must wait for, but not those of paths.
    if name == "Universe":
        from helios.universe.store import Universe

        return Universe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
