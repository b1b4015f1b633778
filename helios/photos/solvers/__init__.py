"""Solvers find from photographs alone where each was taken, and points of the thing: they make COLMAP models.

A solver is a frozen dataclass of its options with the method of `helios.photos.solvers.solver.Solver`. A new one is one
file and one line here.
"""

from helios.registry import Registry

SOLVERS = Registry(
    "solver",
    "helios.solvers",
    {
        "pycolmap": "helios.photos.solvers.colmap:Pycolmap",
        "command": "helios.photos.solvers.command:Command",
    },
)
