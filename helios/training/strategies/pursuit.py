"""`pursuit`: points are placed where the images lack light, as long as the gain exceeds the cost."""

from __future__ import annotations

from dataclasses import dataclass

from helios.training.strategies import Batch
from helios.training.strategies.merge_costs import MergeCosts
from helios.training.strategies.missing_light import MissingLight
from helios.training.strategies.rounds import Rounds
from helios.training.strategies.slots import Slots

_SHARE = 0.3
"""Share of a cell's splats that the first rounds may replace (`Rounds.moves`)."""

_WORTH = 1.5
"""A point is placed if the images gain at least this many times what the cheapest merger costs them."""

_MOST_TAKEN = 0.9
"""Largest share of a splat's light that one spot may take."""


@dataclass(frozen=True)
class Pursuit:
    """Matching pursuit (Mallat & Zhang 1993, doi:10.1109/78.258082) with the number of splats and the light fixed.

    Spots of missing light are found in the images (`MissingLight`). Each spot takes its light from the splat most
    likely to stand for it, and gives it to the point that is already there, if any. Otherwise it becomes a new point
    in an empty slot or, at the cap, in a slot freed by the merger that changes the images least, provided the point
    improves them enough (`MergeCosts`).
    """

    def begin(self, batch: Batch) -> _Control:
        return _Control(batch)


class _Control(Rounds):
    def __init__(self, batch: Batch):
        super().__init__(batch)
        self._missing_light = MissingLight(batch.model, batch.scenes, batch.config.image_size, batch.backend)

    def act(self, step: int) -> None:
        if self._due(step):
            self._spots = self._missing_light.find(step // self._config.densify_interval)
        super().act(step)

    def change(self, b: int, slots: Slots, step: int) -> None:
        costs, spots, moves = MergeCosts(slots), self._spots[b], self.moves(slots, step, _SHARE)
        for mean, light, color in zip(spots.means, spots.light, spots.colors):
            source = costs.source(mean)
            if moves == 0 or source is None:
                break
            light = min(light, _MOST_TAKEN * slots.light(source))
            star = costs.point_at(mean)
            if star is not None:
                slots.feed(source, star, light)
                costs.take(star, -light)
            else:
                into = costs.make_room(source, costs.gain(source, mean, light) / _WORTH)
                if into is None:
                    continue
                slots.bud(source, into, mean, light, color)
            costs.take(source, light)
            moves -= 1
