"""Pictures of a universe: the sky from anywhere, as an image, as linear light on a sky grid, as a film of a flight."""
