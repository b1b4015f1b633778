"""All options of a training on photographs together, and what they make: the start, the strategy, what is stored."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from helios.photos.data.options import DataOptions
from helios.photos.density import DENSITY
from helios.photos.fit.config import GROUPS, FitConfig
from helios.photos.fixers.options import FixOptions
from helios.photos.starts import STARTS

if TYPE_CHECKING:
    from helios.photos.density import Density, Preset
    from helios.photos.starts import Start

RATE_OF = ("means", "scales", "quats", "opacities", "sh0", "shN")
"""The columns that have a learning rate, `means_lr` and so on."""


@dataclass(frozen=True)
class SceneOptions:
    """The trainer's options, those of the data and of fixing; `strategy` in `fit.size` brings its own."""

    fit: FitConfig = field(default_factory=FitConfig)
    data: DataOptions = field(default_factory=DataOptions)
    fix: FixOptions = field(default_factory=FixOptions)

    def __post_init__(self):
        self.strategy()

    def strategy(self) -> Density:
        """Return the density strategy, with its steps scaled. Raises InputError for options that it has not."""
        size, steps = self.fit.size, self.fit.steps
        return DENSITY.make(size.strategy, max_gaussians=size.max_gaussians).scaled(steps.steps_scaler)

    def preset(self) -> Preset:
        """Return what of the strategy's preset the user did not set otherwise."""
        preset = self.strategy().preset
        given = {**vars(self.fit.size), **vars(self.fit.losses)}
        chosen = {f.name: given[f.name] for f in dataclasses.fields(preset) if given[f.name] is not None}
        return dataclasses.replace(preset, **chosen)

    def start(self) -> Start:
        """Return what training begins with; of the options of all starts it takes those that it has."""
        known = {**vars(self.fit.size), **vars(self.fit.colour), **vars(self.preset())}
        start = STARTS.make(self.fit.size.init_type, **known)
        names = {f.name for f in dataclasses.fields(start)} & known.keys()
        return dataclasses.replace(start, **{name: known[name] for name in names})

    def values(self) -> dict[str, Any]:
        """Return every option that the result depends on by its name, those of the strategy as strategy.NAME."""
        found: dict[str, Any] = {}
        for name, _ in GROUPS:
            found |= dataclasses.asdict(getattr(self.fit, name))
        found |= {f.name: getattr(self.data, f.name) for f in dataclasses.fields(self.data) if f.name != "cache_gb"}
        found |= self.fix.values()
        found |= dataclasses.asdict(self.preset())
        strategy = DENSITY.make(self.fit.size.strategy, max_gaussians=self.fit.size.max_gaussians)
        chosen = {k: v for k, v in dataclasses.asdict(strategy).items() if k != "max_gaussians"}
        found["strategy"] = self.fit.size.strategy.partition(":")[0]
        return found | {f"strategy.{name}": value for name, value in chosen.items()}
