"""The pack: a universe as a static web site reads it, the site itself, and other programs' formats. Needs no torch."""

from helios.registry import Registry

EXPORTERS = Registry("export format", "helios.exporters", {"ply": "helios.pack.ply:export_ply"})
"""`exporter(universe, cells, file)` writes the cells with these indices [C] to one file, whole or not at all.

It returns a `helios.pack.pack_cells.Exported`.
"""
