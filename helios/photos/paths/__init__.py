"""Ways for a camera to fly through the places that photographs were taken from."""

from helios.registry import Registry

PATHS = Registry(
    "path",
    "helios.paths",
    {
        "interp": "helios.photos.paths.interp:Interp",
        "spiral": "helios.photos.paths.spiral:Spiral",
        "ellipse": "helios.photos.paths.ellipse:Ellipse",
    },
)
"""Frozen dataclasses that are a `helios.photos.paths.poses.Path`; their fields are its options."""
