"""Landmarks: named places worth visiting. They determine which cells are trained, and a viewer lists them."""

from helios.landmarks.cell_of import LandmarkCell, landmark_cells, outside_grid
from helios.landmarks.files import load_landmarks, write_landmarks
from helios.landmarks.landmark import Landmark

__all__ = ["Landmark", "LandmarkCell", "landmark_cells", "load_landmarks", "outside_grid", "write_landmarks"]
