"""A density strategy with an option of its own: some splats are never trained."""

from dataclasses import dataclass

from helios.options import option
from helios.training.strategies.fixed import NoControl


@dataclass(frozen=True)
class Freeze:
    first: int = option(1, "How many of a cell's splats, the first, stay where they begin.", (0, 1000))

    def begin(self, batch):
        batch.model.kept[:, : self.first] = batch.model.mask[:, : self.first]
        return NoControl()
