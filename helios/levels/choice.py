"""Which trained proxies a tree takes: those with which views of whole skies are nearer to the stars.

A cell's proxies may be nearer to its own stars and yet spoil the picture, for what one cell has too much at its border
its neighbour lacks: measured on 100,000 stars from 10 kpc, proxies that were all better by themselves made the whole
half as wrong again. So cells are judged together, in views from many places, each at several budgets of splats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from helios.levels.cut import LevelTree
from helios.levels.error_table import BLOCKS
from helios.levels.proxies import Lights
from helios.levels.views import FOCAL_PX, View, place_views

PLACES, DIRECTIONS = 16, 6
"""Places from which a tree is judged, and views from each."""

BUDGETS = (2_000, 6_000, 20_000, 60_000)
"""Splats all around that the cuts of a view may show; of fewer than MANY stars as large a share as of so many."""

MANY = 100_000
"""Stars from which on BUDGETS are what they are."""

_ROUNDS = 3
"""How often all cells are gone through: after the second few change."""

_LEAST = 1e-9
"""Growth of an error that is none: light is summed in another order."""

_SEED = 11


@dataclass(frozen=True)
class PlaceGain:
    """The mean error of views from a place, `distance_m` from the Sun, as a share of their light."""

    distance_m: float
    before: float
    after: float


StarBlocks = Callable[[], Iterable[tuple[Lights, NDArray[np.int64]]]]
"""Yields the stars in blocks, each with the cells that keep them."""


def choose(tree: LevelTree, fits: Mapping[int, Lights], stars: StarBlocks) -> tuple[set[int], list[PlaceGain]]:
    """Return which cells of `tree` should take their proxies of `fits`, and what that gains at each place.

    A cell takes its fit where the errors of all places and budgets, relative to what they are without any, are less for
    it in the mean, given what the others take. Then those give it back because of which the error from a place, with a
    budget, is larger than it was. Takes time in proportion to views and stars, and to views and shown proxies.
    """
    places = _places(stars)
    share = min(1.0, float(tree.own.sum()) / MANY)
    scenes = [
        _Scene(tree, number * len(BUDGETS) + i, view, round(budget * share))
        for number, (_, views) in enumerate(places)
        for view in views
        for i, budget in enumerate(BUDGETS)
    ]
    _draw_stars(scenes, stars)
    for scene in scenes:
        scene.draw_proxies(tree, fits)
    before = _errors(scenes)
    choice = _Choice([scene for scene in scenes if before[scene.case] > 0.0 and scene.light > 0.0], before)
    choice.take_what_gains(sorted(fits))
    choice.give_back_what_harms()
    errors = np.stack([before, _errors(scenes)]).reshape(2, PLACES, len(BUDGETS)).mean(axis=-1) / DIRECTIONS
    return choice.taken, [PlaceGain(distance_m, *pair) for (distance_m, _), pair in zip(places, errors.T.tolist())]


def _errors(scenes: list[_Scene]) -> NDArray[np.float64]:
    """Return the sums of the errors of scenes, as shares of their light, by case."""
    errors = np.zeros(PLACES * len(BUDGETS))
    for scene in scenes:
        errors[scene.case] += scene.error() / scene.light if scene.light > 0.0 else 0.0
    return errors


def _places(stars: StarBlocks) -> list[tuple[float, list[View]]]:
    """Return (distance from the Sun, views) of the places: the Sun, and from near the stars to beyond them."""
    r = np.concatenate([np.sqrt((lights.position_m[::16] ** 2).sum(axis=1)) for lights, _ in stars()])
    near, far = np.quantile(r, (0.01, 0.99)).tolist()
    distances = [0.0, *np.geomspace(near / 10, 10 * far, PLACES - 1).tolist()]
    return [(distance, place_views(distance, DIRECTIONS, _SEED + i)) for i, distance in enumerate(distances)]


def _draw_stars(scenes: list[_Scene], stars: StarBlocks) -> None:
    """Take from the pictures the stars that their scenes do not show, and add up the light of all."""
    count = len(BUDGETS)
    for lights, cells in stars():
        for row in (scenes[i : i + count] for i in range(0, len(scenes), count)):  # the cuts of one view
            drawn = np.zeros((count + 1, BLOCKS, BLOCKS))
            hidden = [~scene.is_open[cells] for scene in row]
            row[0].view.add(lights, np.stack([*hidden, np.ones(len(cells), bool)], axis=1), drawn)
            for scene, picture in zip(row, drawn):
                scene.picture -= picture
                scene.light += float(drawn[-1].sum())


class _Choice:
    """Cells that take their fits, `taken`, in `scenes`; `growth` of each case's error, over what it was `before`."""

    def __init__(self, scenes: list[_Scene], before: NDArray[np.float64]):
        self.taken: set[int] = set()
        self.growth, self._before = np.zeros(len(before)), before
        self._seen: dict[int, list[_Scene]] = {}
        for scene in scenes:
            for cell in scene.changes:
                self._seen.setdefault(cell, []).append(scene)

    def take_what_gains(self, cells: list[int]) -> None:
        """Let those of `cells` take their fits, or give them back, for which the mean growth is less."""
        for _ in range(_ROUNDS):
            turned = 0
            for cell in cells:
                if self._change(cell).sum() < -_LEAST:
                    self._turn(cell)
                    turned += 1
            if not turned:
                break

    def give_back_what_harms(self) -> None:
        """Let cells give back their fits until no case is worse than it was: those that gain least for its harm."""
        while self.growth.max(initial=0.0) > _LEAST:
            worst = int(np.argmax(self.growth))
            changes = {cell: self._change(cell) for cell in sorted(self.taken)}
            harms = {cell: change for cell, change in changes.items() if change[worst] < 0.0}
            self._turn(max(harms, key=lambda cell: -harms[cell][worst] / max(harms[cell].sum(), _LEAST)))

    def _change(self, cell: int) -> NDArray[np.float64]:
        """Return how the growth changes where `cell` takes its fit or, if it has, gives it back."""
        change, sign = np.zeros(len(self.growth)), -1.0 if cell in self.taken else 1.0
        for scene in self._seen.get(cell, ()):
            change[scene.case] += scene.worse_by(cell, sign) / scene.light / self._before[scene.case]
        return change

    def _turn(self, cell: int) -> None:
        """Let `cell` take its fit or, if it has, give it back."""
        self.growth += self._change(cell)
        for scene in self._seen.get(cell, ()):
            scene.change(cell, -1.0 if cell in self.taken else 1.0)
        self.taken ^= {cell}


class _Scene:
    """What a cut shows in a view less what it should: `picture`, light in blocks [BLOCKS, BLOCKS].

    `case` numbers its place and budget. `light` is that of all stars in the view; `changes` has for each shown cell
    with a fit which blocks this changes, and by how much light.
    """

    def __init__(self, tree: LevelTree, case: int, view: View, budget: int):
        self.case, self.view, self.picture, self.light = case, view, np.zeros((BLOCKS, BLOCKS)), 0.0
        self.changes: dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}
        self.is_open = tree.cut(tree.errors(view.camera_m, FOCAL_PX), budget)

    def draw_proxies(self, tree: LevelTree, fits: Mapping[int, Lights]) -> None:
        """Add the shown proxies to the picture, and find the changes that `fits` would make."""
        rows = np.flatnonzero(tree.shown_proxies(self.is_open))
        shown, cells = tree.proxies.take(rows), tree.cell[rows]
        self.view.add(shown, np.ones((len(rows), 1)), self.picture[None])
        for cell in np.unique(cells).tolist():
            if cell not in fits:
                continue
            change = np.zeros((1, BLOCKS, BLOCKS))
            for lights, sign in ((fits[cell], 1.0), (shown.take(cells == cell), -1.0)):
                self.view.add(lights, np.full((len(lights), 1), sign), change)
            blocks = np.flatnonzero(change)
            if len(blocks):
                self.changes[cell] = blocks, change.ravel()[blocks]

    def error(self) -> float:
        """The light in the wrong block."""
        return float(np.abs(self.picture).sum())

    def worse_by(self, cell: int, sign: float) -> float:
        """By how much the error grows where `cell` takes its fit, or with the `sign` -1 gives it back."""
        blocks, light = self.changes[cell]
        here = self.picture.ravel()[blocks]
        return float(np.abs(here + sign * light).sum() - np.abs(here).sum())

    def change(self, cell: int, sign: float) -> None:
        """Let `cell` take its fit, or with the `sign` -1 give it back."""
        blocks, light = self.changes[cell]
        self.picture.ravel()[blocks] += sign * light
