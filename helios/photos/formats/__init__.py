"""A scene of splats as one file that other programs read."""

from helios.registry import Registry

SCENE_FORMATS = Registry(
    "scene format",
    "helios.scene_formats",
    {
        "ply": "helios.photos.ply:write_ply",
        "pt": "helios.photos.pt:write_pt",
        "spz": "helios.photos.formats.spz:write_spz",
        "splat": "helios.photos.formats.splat:write_splat",
    },
)
"""Functions of a `helios.photos.formats.splats.SceneSplats` and a binary file, by the ending of the file's name; each
returns what of the scene its format could not hold, a line each."""
