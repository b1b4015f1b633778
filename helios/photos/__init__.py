"""Gaussian splats of a thing, trained from photographs of it."""
