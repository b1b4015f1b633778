"""Star catalogues as a universe of 3D Gaussian splats that a browser flies through."""

__version__ = "0.1.0"
