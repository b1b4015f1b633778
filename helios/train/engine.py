"""The training of one batch of cells of like size: one model, one render, one loss, one optimiser."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from helios.render.backend import Backend
from helios.splats import Cell, Splats
from helios.train.cameras import held_out_views, training_views
from helios.train.config import TrainConfig
from helios.train.density import Relocation
from helios.train.evaluate import evaluate
from helios.train.losses import IMAGE_LOSSES, REGULARISERS
from helios.train.model import RATES, Model, slots_for
from helios.train.scene import Frame, cell_exposure, draw_truth
from helios.train.start import brightest, mixture, point_splats

_FINAL_RATE = 0.05
"""The learning rate falls along half a cosine to this share of itself."""

_RETRY_RATE = 0.1
"""A cell that a full rate leaves no better than it began is trained once more at this share of it."""

_REGULARISER_SCALE = 50.0
"""The weights of the regularisers are stated against an L1 loss; the pyramid pulls about so many times harder."""


@dataclass(frozen=True)
class CellResult:
    """What training made of a cell: `splats` in cell units.

    `metrics`: `first_loss` and `last_loss` over all training views, and PSNR and flux error at held-out views of
    the `trained` splats, of their `start` and of the K `brightest` stars (`helios.train.evaluate`).
    `outcome` is "trained"; "start" where training ended no better than it began, so that the splats are those it
    began with; or "exact" where there are as many splats as emitters and nothing to train.
    """

    splats: Splats
    metrics: dict[str, float]
    outcome: str


def cell_generator(cell: Cell, seed: int, purpose: str) -> np.random.Generator:
    """The random generator of a cell for training or judging it: the same in every batch and for any settings."""
    return np.random.default_rng([seed, cell.id.depth, cell.id.key, ("training", "judging").index(purpose)])


def train_batch(cells: Sequence[Cell], config: TrainConfig, backend: Backend) -> list[CellResult]:
    """Return one result per cell, in order.

    The cells' budgets must have the same padded size (`slots_for`), and either all or none have as many splats as
    emitters: those keep their exact stars and are only measured. A cell's result does not depend on which cells
    are trained beside it.
    """
    if all(config.splat_count(len(cell.emitters)) >= len(cell.emitters) for cell in cells):
        config = dataclasses.replace(config, iterations=0)
    frames = [Frame.around(cell) for cell in cells]
    cells = [frame.enter(cell) for frame, cell in zip(frames, cells)]
    exposures = [cell_exposure(cell, config.image_size) for cell in cells]
    begun = [mixture(cell.emitters, config.splat_count(len(cell.emitters)), cell.radius) for cell in cells]
    starts, kept = [splats for splats, _ in begun], [count for _, count in begun]
    with _one_torch_thread():
        trained, losses = _optimise(cells, starts, kept, exposures, config, backend)
        again = [i for i, (first, last) in enumerate(losses) if not last < first]
        if again and config.iterations:
            slower = dataclasses.replace(config, learning_rate=_RETRY_RATE * config.learning_rate)
            parts = ([values[i] for i in again] for values in (cells, starts, kept, exposures))
            for i, *outcome in zip(again, *_optimise(*parts, slower, backend)):
                trained[i], losses[i] = outcome
    results = []
    for i, cell in enumerate(cells):
        first, last = losses[i]
        exact, better = len(starts[i]) == len(cell.emitters), last < first
        splats = trained[i] if better else starts[i]
        views = held_out_views(cell, config.image_size, cell_generator(cell, config.seed, "judging"))
        truth = draw_truth(cell, views, config.image_size, exposures[i])
        rival = point_splats(cell.emitters, cell.radius, brightest(cell.emitters, len(splats)))
        metrics = {"first_loss": first, "last_loss": last if better else first}
        for name, candidate in (("trained", splats), ("start", starts[i]), ("brightest", rival)):
            metrics |= evaluate(name, candidate, views, truth, config.image_size, exposures[i], backend)
        outcome = "exact" if exact else "trained" if better else "start"
        results.append(CellResult(frames[i].leave(splats), metrics, outcome))
    return results


@contextlib.contextmanager
def _one_torch_thread() -> Iterator[None]:
    """The tensors are small: what torch gains from threads it loses to their start, and numba has its own."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _optimise(cells, starts, kept, exposures, config, backend) -> tuple[list[Splats], list[tuple[float, float]]]:
    size, device = config.image_size, backend.device
    generators = [cell_generator(cell, config.seed, "training") for cell in cells]
    all_views = [training_views(cell, size, rng) for cell, rng in zip(cells, generators)]
    viewmats = torch.tensor(np.stack([v.viewmats for v in all_views]), device=device)
    Ks = torch.tensor(np.stack([v.Ks for v in all_views]), device=device)
    truth = np.stack([draw_truth(c, v, size, e) for c, v, e in zip(cells, all_views, exposures)])
    image_loss = _image_loss(torch.from_numpy(truth).to(device), config)
    exposure = torch.tensor(exposures, dtype=torch.float32, device=device)
    schedule = torch.tensor(np.stack([_schedule(rng, len(all_views[0]), config) for rng in generators]), device=device)
    rows = torch.arange(len(cells), device=device)[:, None]

    model = Model.of(starts, slots_for(len(starts[0])), device, kept)
    model.require_grad()
    optimizer = torch.optim.Adam(
        [{"params": [p], "lr": config.learning_rate * RATES[name]} for name, p in model.parameters().items()], eps=1e-15
    )
    decay = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate_share(step, config.iterations))

    def loss_at(views: Tensor) -> Tensor:
        images = backend.render(*model.render_arguments(exposure), viewmats[rows, views], Ks[rows, views], size, size)
        return image_loss(images, views) + _regularisation(model, config)

    def loss_at_all() -> list[float]:
        pieces = rows.new_tensor(range(len(all_views[0]))).split(config.views_per_iter)
        with torch.no_grad():
            total = sum(loss_at(piece.expand(len(cells), -1)) * len(piece) for piece in pieces)
        return (total / len(all_views[0])).tolist()

    first = loss_at_all()
    relocation = Relocation(model, exposure, generators, config)
    for step in range(config.iterations):
        loss_at(schedule[:, step]).sum().backward()
        model.spare_kept()
        relocation.observe()
        optimizer.step()
        decay.step()
        relocation.act(step + 1, optimizer)
        optimizer.zero_grad()
    return model.splats(), list(zip(first, loss_at_all()))


def _image_loss(truth: Tensor, config: TrainConfig) -> Callable[[Tensor, Tensor], Tensor]:
    """The image loss (images [B, C, H, W, 3], views [B, C]) -> [B] against a batch's `truth` [B, V, H, W, 3]."""
    weights = {"lambda_dssim": config.lambda_dssim, "lambda_flux": config.lambda_flux}
    if truth.device.type != "cpu":
        return functools.partial(_with_truth, IMAGE_LOSSES.get("torch"), truth, weights)
    from helios.train.fused_loss import TruthCache

    return functools.partial(_with_truth, IMAGE_LOSSES.get("fused"), TruthCache.of(truth), weights)


def _with_truth(loss, truth, weights, images, views):
    return loss(images, truth, views, **weights)


def _regularisation(model: Model, config: TrainConfig) -> Tensor:
    isotropy = REGULARISERS.get("isotropy")(model.log_scales, model.mask)
    collapse = REGULARISERS.get("collapse")(model.log_scales, model.mask, min_scale_ratio=config.min_scale_ratio)
    return _REGULARISER_SCALE * (config.lambda_isotropy * isotropy + config.lambda_collapse * collapse)


def _rate_share(step: int, steps: int) -> float:
    return _FINAL_RATE + (1.0 - _FINAL_RATE) * 0.5 * (1.0 + np.cos(np.pi * min(step / max(steps, 1), 1.0)))


def _schedule(rng: np.random.Generator, views: int, config: TrainConfig) -> np.ndarray:
    """Return int64 [iterations, views_per_iter]: the training views in shuffled rounds, each seen equally often."""
    needed = config.iterations * config.views_per_iter
    rounds = [rng.permutation(views) for _ in range(-(-needed // views))] or [np.empty(0, np.int64)]
    return np.concatenate(rounds)[:needed].reshape(config.iterations, config.views_per_iter)
