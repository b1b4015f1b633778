"""Landmarks: named places worth visiting. They choose which cells are trained, and a viewer lists them."""

from helios.landmarks.files import load_landmarks, write_landmarks
from helios.landmarks.landmark import Landmark
from helios.landmarks.place import LandmarkCell, landmark_cells, outside_grid

__all__ = ["Landmark", "LandmarkCell", "landmark_cells", "load_landmarks", "outside_grid", "write_landmarks"]
