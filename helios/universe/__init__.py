"""A universe: a directory with the cells of a grid, their stars, landmarks and where they came from."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from helios.universe.store import Universe

__all__ = ["Universe"]


def __getattr__(name: str):
    # zarr takes a fifth of a second to import; `from helios.universe import Universe` waits for it, paths need not.
    if name == "Universe":
        from helios.universe.store import Universe

        return Universe
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
