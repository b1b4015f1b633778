"""`pursuit`: splats go where the images lack light, point by point, as long as that is worth more than it costs."""

from __future__ import annotations

from dataclasses import dataclass

from helios.train.strategies import Batch
from helios.train.strategies.merge_costs import MergeCosts
from helios.train.strategies.missing_light import MissingLight
from helios.train.strategies.rounds import Rounds
from helios.train.strategies.slots import Slots

_SHARE = 0.3
"""Share of a cell's splats that the first rounds may make over."""

_WORTH = 1.5
"""A point is made where the images gain so many times what the cheapest merger costs them."""

_MOST_TAKEN = 0.9
"""Share of a splat's light that may leave it at once."""


@dataclass(frozen=True)
class Pursuit:
    """Matching pursuit (Mallat & Zhang 1993, doi:10.1109/78.258082) among splats, at no cost in number or light.

    Spots of missing light are found in the images (`MissingLight`). Each becomes a point of so much light, taken from
    the splat that is most likely to stand for it, in an empty slot or, at the cap, in the slot of the splat whose
    merger with a neighbour changes the images least: as long as the point betters them more (`MergeCosts`).
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
