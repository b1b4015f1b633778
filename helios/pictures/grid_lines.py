"""Lines and labels of a grid of the sky over a picture."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from helios.pictures.views import FRAMES, View, direction_in

if TYPE_CHECKING:
    from PIL.Image import Image

STEPS_DEG = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30)
HOUR_STEPS_DEG = (0.25, 0.5, 1.25, 2.5, 5, 15, 30)
APART_PX = 90
"""Least distance of two lines; the viewer's chart has the same."""

COLORS = {"galactic": (120, 170, 255), "equatorial": (255, 170, 110), "ecliptic": (150, 220, 140)}
LINE_ALPHA, TEXT_ALPHA = 95, 200
FINE = 2
"""Lines are drawn so many times as large, and made smaller, which makes them smooth."""

PIECES = 720


def draw_grid(image: Image, view: View, frame: str) -> Image:
    """Return `image`, RGB, with lines and labels of one of FRAMES over it: degrees, of the equatorial one hours."""
    from PIL import Image as images
    from PIL import ImageDraw, ImageFont

    size = (FINE * view.width, FINE * view.height)
    overlay = images.new("RGBA", size, (*COLORS[frame], 0))
    pen, font = ImageDraw.Draw(overlay), ImageFont.load_default(13 * FINE)
    for points, _ in _lines(view, frame):
        for run in _runs(view, points):
            pen.line([tuple(FINE * at) for at in run], (*COLORS[frame], LINE_ALPHA), FINE)
    if view.projection == "mollweide":
        pen.line([tuple(FINE * at) for at in _rim(view)], (*COLORS[frame], LINE_ALPHA), FINE)
    taken: list[tuple[float, float, float, float]] = []
    for points, label in _lines(view, frame):
        place = _label_place(view, frame, points)
        if place is None or not label:
            continue
        anchor = tuple(FINE * np.clip(place + 3, 2, [view.width - 40, view.height - 18]))
        box = pen.textbbox(anchor, label, font)
        if all(box[2] < x0 or box[0] > x1 or box[3] < y0 or box[1] > y1 for x0, y0, x1, y1 in taken):
            pen.text(anchor, label, (*COLORS[frame], TEXT_ALPHA), font)
            taken.append(box)
    overlay = overlay.resize((view.width, view.height), images.Resampling.BOX)
    return images.alpha_composite(image.convert("RGBA"), overlay).convert("RGB")


def _lines(view: View, frame: str) -> list[tuple[NDArray[np.float64], str]]:
    """The points, ecliptic unit vectors [K, 3], and the label of each line."""
    hours = frame == "equatorial"
    if view.projection != "pinhole":
        lon, lat, aside, reach, step, lon_step = 0.0, 0.0, 180.0, 90.0, 30.0, 30.0
    else:
        x, y, z = FRAMES[frame] @ view.axes[2]
        lon, lat = math.degrees(math.atan2(y, x)), math.degrees(math.asin(max(-1.0, min(1.0, z))))
        reach, degree_px = math.degrees(view.reach), view.focal_px * math.pi / 180
        over = abs(lat) + reach >= 90
        aside = 180.0 if over else math.degrees(math.asin(math.sin(math.radians(reach)) / math.cos(math.radians(lat))))
        step = _step(STEPS_DEG, degree_px)
        lon_step = _step(HOUR_STEPS_DEG if hours else STEPS_DEG, degree_px * max(0.17, math.cos(math.radians(lat))))
    south, north = max(-90.0, lat - reach), min(90.0, lat + reach)
    lines = []
    for value in _multiples(step, south, north):
        if abs(value) < 90:
            along = np.linspace(lon - aside, lon + aside, PIECES)
            lines.append((direction_in(frame, along, np.full(PIECES, value)), f"{value:+g}°" if value else "0°"))
    for value in _multiples(lon_step, lon - aside, min(lon + aside, lon - aside + 360 - lon_step / 2)):
        longitude = value % 360
        up = np.linspace(south, north, PIECES)
        label = _hours(longitude) if hours else f"{longitude:g}°"
        lines.append((direction_in(frame, np.full(PIECES, longitude), up), label))
    return lines


def _hours(longitude: float) -> str:
    minutes = round(longitude * 4)
    return f"{minutes // 60}h" + (f" {minutes % 60}m" if minutes % 60 else "")


def _step(steps: tuple[float, ...], degree_px: float) -> float:
    return next((step for step in steps if step * degree_px >= APART_PX), steps[-1])


def _multiples(step: float, low: float, high: float) -> list[float]:
    return [round(i * step, 4) for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _runs(view: View, points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The pieces of a line, pixels [K, 2], that lie in the picture and near it, parted where a map is cut open."""
    places = view.project(points)
    size = np.array([view.width, view.height])
    with np.errstate(invalid="ignore"):
        good: NDArray[np.bool_] = np.all(np.abs(places - size / 2) < 1.5 * size.max(), axis=1)  # False for NaN
    jump = np.zeros(len(places), bool)
    if view.projection != "pinhole":
        jump[1:] = np.abs(np.diff(places[:, 0])) > view.width / 8
    runs: list[NDArray[np.float64]] = []
    start = 0
    for i in range(len(places) + 1):
        if i == len(places) or not good[i] or jump[i]:
            if i - start > 1:
                runs.append(places[start:i])
            start = i if i < len(places) and good[i] else i + 1
    return runs


def _rim(view: View) -> NDArray[np.float64]:
    t = np.linspace(0, 2 * np.pi, PIECES)
    half = view.focal_px * math.sqrt(2.0)
    return np.stack([view.width / 2 + 2 * half * np.cos(t), view.height / 2 + half * np.sin(t)], axis=1)


def _label_place(view: View, frame: str, points: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Where the label of a line goes: on the axes of a map of this frame, at the left or lower edge of a picture."""
    places = view.project(points)
    size = np.array([view.width, view.height])
    with np.errstate(invalid="ignore"):
        inside: NDArray[np.bool_] = np.all((places >= 0) & (places < size - [0, 14]), axis=1)
    if not inside.any():
        return None
    if view.projection != "pinhole":
        local = points @ FRAMES[frame].T
        level = np.ptp(local[:, 2]) < 1e-9
        off = -local[:, 0] if level else np.abs(local[:, 2])
        return places[int(np.argmin(np.where(inside, off, np.inf)))]
    rows = np.flatnonzero(inside)
    level = np.ptp((points @ FRAMES[frame].T)[:, 2]) < 1e-12
    edge = places[rows, 0] if level else -places[rows, 1]
    return places[rows[int(np.argmin(edge))]]
