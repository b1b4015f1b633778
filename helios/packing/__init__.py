"""The pack: a universe as a static web site reads it, the site itself, and other programs' formats. Needs no torch."""

from helios.registry import Registry

PACKS = Registry("pack format", "helios.packs", {"v1": "helios.packing.v1:V1", "v2": "helios.packing.v2.format:V2"})
"""Frozen dataclasses that are a `helios.packing.pack.PackFormat`; their fields are its options, as in `v1:depth=6`."""

DEFAULT_PACK = "v2"
"""The format of packs, with its options, where none is named."""

SMALL = 2_000_000
"""Stars below which one process packs them sooner than several are started."""

EXPORTERS = Registry(
    "export format",
    "helios.exporters",
    {
        "ply": "helios.packing.ply:Ply",
        "spz": "helios.packing.spz:Spz",
        "glb": "helios.packing.gltf:Glb",
        "gltf": "helios.packing.gltf:Gltf",
        "csv": "helios.packing.csv:StarCsv",
    },
)
"""Frozen dataclasses that are a `helios.packing.export.Exporter`; their fields are its options."""
