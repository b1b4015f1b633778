"""`pursuit`: splats go where the images lack light, point by point, as long as that is worth more than it costs."""

from __future__ import annotations

from collections.abc import Sequence

from helios.train.config import TrainConfig
from helios.train.optim.adam import Adam
from helios.train.optim.model import Model
from helios.train.scene import Scene
from helios.train.strategies.merge_costs import Economy
from helios.train.strategies.missing_light import MissingLight
from helios.train.strategies.rounds import Rounds
from helios.train.strategies.slots import Slots

_SHARE = 0.3
"""Share of a cell's splats that the first rounds may make over."""

_WORTH = 1.5
"""A point is made where the images gain so many times what the cheapest merger costs them."""

_MOST_TAKEN = 0.9
"""Share of a splat's light that may leave it at once."""


class Pursuit(Rounds):
    """Matching pursuit (Mallat & Zhang 1993, doi:10.1109/78.258082) among splats, at no cost in number or light.

    Spots of missing light are found in the images (`MissingLight`). Each becomes a point of so much light, taken from
    the splat that is most likely to stand for it, in an empty slot or, at the cap, in the slot of the splat whose
    merger with a neighbour changes the images least: as long as the point betters them more (`Economy`).
    """

    def __init__(self, model: Model, adam: Adam, scenes: Sequence[Scene], config: TrainConfig):
        super().__init__(model, adam, scenes, config)
        self._missing = MissingLight(model, scenes, config.image_size)

    def act(self, step: int) -> None:
        if self._due(step):
            self._spots = self._missing.find(step // self._config.densify_interval)
        super().act(step)

    def change(self, b: int, slots: Slots, step: int) -> None:
        economy, spots, moves = Economy(slots), self._spots[b], self.moves(slots, step, _SHARE)
        for mean, light, color in zip(spots.means, spots.light, spots.colors):
            source = economy.source(mean)
            if moves == 0 or source is None:
                break
            light = min(light, _MOST_TAKEN * slots.light(source))
            star = economy.point_at(mean)
            if star is not None:
                slots.feed(source, star, light)
                economy.take(star, -light)
            else:
                into = economy.make_room(source, economy.gain(source, mean, light) / _WORTH)
                if into is None:
                    continue
                slots.bud(source, into, mean, light, color)
            economy.take(source, light)
            moves -= 1
