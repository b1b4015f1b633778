"""Flights: where the camera is in each frame of a film, by the viewer's own laws.

client_export/src/flight.ts (`Flight`, `WayHome`) and tour/way.ts (`ViewWay`) have the same; a test flies both.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from helios.pictures.places import FRESH_FOV_DEG, Place

TURN_SHARE = 0.35
SECONDS = (2.5, 7.0)
HOME_M = 1e11
WAY_SECONDS = {"turn": 3.0, "move": 6.0}
SECONDS_PER_DECADE = 0.6

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class State:
    """A camera at `position_m` float64 [3], ecliptic metres, that looks along the unit vector `ahead` [3].

    `fov_deg` degrees from bottom to top; `ev` stops of exposure, None for those that the picture asks for; `seconds`
    that the way to it from the state before it takes, None for the viewer's own.
    """

    position_m: Vector
    ahead: Vector
    fov_deg: float = FRESH_FOV_DEG
    ev: float | None = None
    seconds: float | None = None


def ease(t: float) -> float:
    """From 0 to 1 with no speed and no acceleration at the ends."""
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


def _part(t: float, start: float, stop: float) -> float:
    return ease(min(1.0, max(0.0, (t - start) / (stop - start))))


def unit(vector: Vector) -> Vector:
    """Return `vector` [3] of length 1."""
    return vector / np.linalg.norm(vector)


def slerp(a: Vector, b: Vector, t: float) -> Vector:
    """Return the unit vector at `t`, 0 to 1, on the great circle from `a` to `b`, unit vectors [3]."""
    angle = math.atan2(float(np.linalg.norm(np.cross(a, b))), float(a @ b))
    if angle < 1e-9:
        return b
    if math.pi - angle < 1e-6:
        toward = unit(np.cross(a, [0.0, 0.0, 1.0] if abs(a[2]) < 0.9 else [1.0, 0.0, 0.0]))
    else:
        toward = unit(b - a * float(a @ b))
    return a * math.cos(t * angle) + toward * math.sin(t * angle)


@dataclass(frozen=True)
class Way(ABC):
    """A way from `start`."""

    start: State

    @property
    @abstractmethod
    def seconds(self) -> float:
        """How long it takes."""

    @abstractmethod
    def at(self, t: float) -> State:
        """Return the state at the share `t` of its time, 0 to 1."""


@dataclass(frozen=True)
class Flight(Way):
    """To `place`: it turns towards it, and closes in with the distance falling evenly in its logarithm."""

    place: Place
    short_fov_deg: float = FRESH_FOV_DEG

    @property
    def _distances(self) -> tuple[float, float]:
        back = self.start.position_m - self.place.position_m
        return max(float(np.linalg.norm(back)), 1.0), self.place.arrival_m(self.short_fov_deg)

    @property
    def seconds(self) -> float:
        far, near = self._distances
        return _seconds_for(math.log10(far / near))

    def at(self, t: float) -> State:
        back = self.start.position_m - self.place.position_m
        away = unit(back) if np.linalg.norm(back) > 0 else -self.start.ahead
        far, near = self._distances
        moved = ease(t)
        distance = far ** (1.0 - moved) * near**moved
        look = slerp(self.start.ahead, -away, _part(t, 0.0, TURN_SHARE))
        return replace(self.start, position_m=self.place.position_m + away * distance, ahead=look)


@dataclass(frozen=True)
class WayHome(Way):
    """To the Sun, and there to the direction `look`, a unit vector [3]."""

    look: Vector

    @property
    def _octaves(self) -> float:
        return math.asinh(float(np.linalg.norm(self.start.position_m)) / HOME_M)

    @property
    def seconds(self) -> float:
        return _seconds_for(self._octaves / math.log(10.0))

    def at(self, t: float) -> State:
        start = self.start
        distance = float(np.linalg.norm(start.position_m))
        left = HOME_M * math.sinh(self._octaves * (1.0 - ease(t))) / distance if distance > 0 else 0.0
        ahead = start.position_m / -distance if distance > HOME_M else start.ahead
        there = slerp(start.ahead, ahead, _part(t, 0.0, TURN_SHARE))
        return replace(
            start,
            position_m=np.zeros(3) if t == 1.0 else start.position_m * left,
            ahead=slerp(there, self.look, _part(t, 1.0 - TURN_SHARE, 1.0)),
            fov_deg=start.fov_deg * (FRESH_FOV_DEG / start.fov_deg) ** _part(t, 0.5, 1.0),
        )


@dataclass(frozen=True)
class ViewWay(Way):
    """To the state `end`, straight, all at once."""

    end: State

    @property
    def seconds(self) -> float:
        if self.end.seconds is not None:
            return self.end.seconds
        return WAY_SECONDS["move" if (self.end.position_m != self.start.position_m).any() else "turn"]

    def at(self, t: float) -> State:
        start, end, done = self.start, self.end, ease(t)
        if t == 1.0:
            return end
        ev = end.ev if start.ev is None or end.ev is None else start.ev + (end.ev - start.ev) * done
        return State(
            start.position_m + (end.position_m - start.position_m) * done,
            slerp(start.ahead, end.ahead, done),
            start.fov_deg * (end.fov_deg / start.fov_deg) ** done,
            ev,
        )


def frames_of(ways: Sequence[Way], count: int) -> list[State]:
    """Return the states of `count` frames, evenly in time over all `ways`, from the start to the end."""
    ends = np.cumsum([way.seconds for way in ways])
    states = []
    for frame in range(count):
        time = float(ends[-1]) * (frame / (count - 1) if count > 1 else 0.0)
        number = min(int(np.searchsorted(ends, time, side="left")), len(ways) - 1)
        before = float(ends[number - 1]) if number else 0.0
        last = frame == count - 1 and count > 1
        states.append(ways[number].at(1.0 if last else min((time - before) / ways[number].seconds, 1.0)))
    return states


def _seconds_for(decades: float) -> float:
    return min(SECONDS[1], SECONDS[0] + SECONDS_PER_DECADE * abs(decades))
