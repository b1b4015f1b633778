"""The steps of training a scene on photographs, and the state from which they can be resumed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from helios.errors import InputError
from helios.photos.data.dataset import Dataset
from helios.photos.density import Changes
from helios.photos.fit.adam import AdamSteps
from helios.photos.fit.ahead import Ahead
from helios.photos.fit.bundle import adjust
from helios.photos.fit.chance import BUNDLE, CAMERAS, DENSITY, START, Epochs, generator
from helios.photos.fit.losses import differentiate, regularise
from helios.photos.fit.options import RATE_OF, SceneOptions
from helios.photos.fit.poses import CameraMotions, inverse_motion
from helios.photos.fit.surface import opaque, shot_of
from helios.photos.fit.views import Demand, Demands, NovelView
from helios.photos.table import SplatTable
from helios.photos.trained import Trained, draw_views

if TYPE_CHECKING:
    from helios.photos.shown import Shown
    from helios.rendering.opaque.contract import OpaqueBackend

CAMERAS_FOUND = 0.1
"""Share of the training, after which cameras are looked for: splats have a surface, and time to forget."""
_SCALE_MARGIN = 1.1
"""What gsplat's trainer multiplies the size of the scene by."""


@dataclass(frozen=True)
class StepMade:
    """What a step came to: its loss, and what the strategy changed after it."""

    loss: float
    changes: Changes


class Fit:
    """The training of a scene; `step` counts the steps made. All chance comes from the seed and the step's number."""

    def __init__(self, data: Dataset, options: SceneOptions, backend: OpaqueBackend):
        """Make the start. Raises InputError where there is no photograph to train on, or none to start from."""
        if not data.train:
            raise InputError("no photograph is left to train on: hold out fewer (--test-every)")
        fit = options.fit
        self.data, self.options, self.backend = data, options, backend
        self.step, self.last_step = 0, fit.last()
        self.scene_scale = data.scene_scale * _SCALE_MARGIN * fit.size.global_scale
        seed = fit.steps.seed
        table = options.start()(data, self.scene_scale, generator(seed, START))
        self.table = SplatTable({name: param.to(backend.device) for name, param in table.params.items()})
        self.strategy, self._preset = options.strategy(), options.preset()
        self.density = self.strategy.begin(self.table, self.scene_scale)
        noise, chance = fit.cameras.pose_noise, generator(seed, CAMERAS)
        moving = fit.cameras.pose_opt or noise > 0.0
        self.motions = CameraMotions(len(data.train), backend.device, noise, chance) if moving else None
        self.novel: Sequence[NovelView] = ()
        self._adam = AdamSteps(
            fit.steps.batch_size,
            drawn_only=fit.rates.visible_adam or fit.rates.sparse_grad,
            corrected=not fit.rates.visible_adam,
        )
        self._order = Epochs(seed, len(data.train))
        self._ahead = Ahead(data.train, on_cpu=backend.device.type == "cpu")
        self._demands = Demands(
            data.train,
            self._ahead,
            backend.device,
            seed,
            fit.steps.batch_size,
            fit.drawing.random_bkgd,
            fit.drawing.mask_outside == "background",
            options.fix.novel_share,
            options.fix.novel_data_lambda,
        )

    def close(self) -> None:
        """End the threads that decode photographs."""
        self._ahead.close()

    @property
    def degree(self) -> int:
        """The degree of the harmonics that the next step trains."""
        colour = self.options.fit.colour
        return min(colour.sh_degree, self.step // self.options.fit.scaled(colour.sh_degree_interval))

    def decay(self) -> float:
        """What is left of the rate of positions at the next step."""
        return self.options.fit.rates.means_lr_final ** (self.step / self.last_step)

    def advance(self) -> StepMade:
        """Make one step. Raises InputError where its loss is no number."""
        fit, step = self.options.fit, self.step
        if fit.cameras.pose_opt and self.motions is not None and step == int(CAMERAS_FOUND * self.last_step):
            self._find_cameras(self.motions)
        demands = self._demands.of_step(step, self._order, self.novel)
        chance = generator(fit.steps.seed, DENSITY, step)
        drawn_rows = torch.zeros(len(self.table), dtype=torch.bool, device=self.backend.device)
        loss = 0.0
        shown: list[Shown] = []  # with what is asked of it, in place of gradients
        # Pictures of one size are drawn together; each group's gradients add to those of the others.
        for _, group in itertools.groupby(sorted(demands, key=_size), key=_size):
            loss += self._differentiate(list(group), len(demands), chance, drawn_rows, shown)
        loss += regularise(self.table.params, self._preset.opacity_reg, self._preset.scale_reg, shown)
        if not math.isfinite(loss):
            raise InputError(f"step {step + 1}: the loss is {loss}; lower the learning rates, or look at the cameras")
        rates = {name: getattr(fit.rates, f"{name}_lr") for name in RATE_OF}
        rates["means"] *= self.scene_scale * fit.pace() * self.decay()
        self._adam.step(self.table, rates, drawn_rows, shown)
        changes = self.strategy.after_step(self.table, self.density, step, rates["means"], chance)
        self.step += 1
        return StepMade(loss, changes)

    def _differentiate(
        self, group: list[Demand], count: int, chance: torch.Generator, drawn_rows: Tensor, shown: list[Shown]
    ) -> float:
        """Add the gradients of these demands, of `count` of the step, and mark the rows that they draw."""
        fit = self.options.fit
        background = torch.stack([d.background for d in group])
        drawn = draw_views(
            self.backend,
            self.table.params,
            self.degree,
            self._cameras(group),
            torch.stack([self._tensor(d.view.K) for d in group]),
            group[0].view.width,
            group[0].view.height,
            fit.drawing.antialiased,
            fit.drawing.near_plane,
            fit.drawing.far_plane,
            backgrounds=background if fit.drawing.random_bkgd else None,
            absgrad=self.strategy.absgrad,
            with_depths=False,
            kept=shown,
        )
        loss = differentiate(drawn.images, group, count, fit.losses.ssim_lambda)
        if self._adam.drawn_only:
            drawn_rows |= (drawn.radii > 0).all(dim=-1).any(dim=0)
        self.strategy.after_backward(self.table, self.density, self.step, drawn, chance)
        return loss

    def _find_cameras(self, motions: CameraMotions) -> None:
        """Move all cameras to where the photographs agree best, the splats' surface being known by and by."""
        fit, photographs = self.options.fit, self.data.train
        given = torch.tensor(np.stack([one.viewmat for one in photographs]), dtype=torch.float64)
        now = inverse_motion(motions.motions.cpu().double()) @ given
        trained = opaque(self.trained())
        shots = [shot_of(one, viewmat, trained, self.backend) for one, viewmat in zip(photographs, now)]
        how = (fit.cameras.pose_opt_lr, fit.cameras.pose_opt_reg)
        motions.move(given, adjust(shots, now, *how, generator(fit.steps.seed, BUNDLE)))

    def _cameras(self, group: list[Demand]) -> Tensor:
        """Return the viewmats [C, 4, 4] of demands, moved where cameras are trained."""
        fixed = torch.stack([self._tensor(d.view.viewmat) for d in group])
        if self.motions is None:
            return fixed
        known = [place for place, demand in enumerate(group) if demand.camera is not None]
        if not known:
            return fixed
        moved = self.motions.moved(fixed[known], [group[place].camera or 0 for place in known])
        return fixed.index_copy(0, torch.tensor(known, device=fixed.device), moved)

    def _tensor(self, values: Any) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self.backend.device)

    def trained(self) -> Trained:
        """Return the scene as it is now; its columns are those of the table, not copies."""
        fit = self.options.fit
        columns = {name: param.detach() for name, param in self.table.params.items()}
        drawing = (fit.drawing.antialiased, fit.drawing.near_plane, fit.drawing.far_plane)
        return Trained(columns, fit.colour.sh_degree, *drawing, {"options": self.options.values()}, self.step)

    def state(self) -> dict[str, Any]:
        """Return all that the next steps depend on, as tensors, numbers and text."""
        motions = self.motions.state() if self.motions is not None else {}
        return {"step": self.step, "table": self.table.state(), "density": self.density, "motions": motions}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to what `state` returned."""
        self.step = state["step"]
        self.table.restore(state["table"])
        self.density = state["density"]
        if self.motions is not None:
            self.motions.restore(state["motions"])


def _size(demand: Demand) -> tuple[int, int]:
    return demand.view.width, demand.view.height
