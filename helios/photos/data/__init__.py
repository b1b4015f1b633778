"""Photographs with the cameras and points that a COLMAP model says of them, ready to train on."""
