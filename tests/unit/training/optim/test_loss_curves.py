"""The curve of losses that training keeps: the means of what each step measured, also after it was resumed."""

import threading

import numpy as np
import pytest

from helios.progress import Advance
from helios.splats import LOSS_CURVE, CellResult
from helios.training.config import TrainConfig
from helios.training.optim.optimise import Optimisation
from helios.training.run.engine import start_of, train_batch
from helios.training.run.observer import ProgressObserver
from helios.training.scene import Scene
from tests.unit.training.scenes import cluster

CONFIG = TrainConfig(iterations=40, image_size=32, ratio=0.2)


def optimisation(cell, backend, config=CONFIG):
    scene = Scene.of(cell, config)
    splats, kept = start_of(scene, config)
    return Optimisation([scene], [splats], [kept], config, backend)


def test_a_part_is_the_mean_over_its_steps(numba_backend):
    run = optimisation(cluster(60, 1), numba_backend)
    losses = [float(run.advance()[0]) for _ in range(CONFIG.iterations)]
    steps = [[loss for i, loss in enumerate(losses) if i * 16 // 40 == part] for part in range(16)]
    assert run.loss_curves()[0].tolist() == pytest.approx([float(np.mean(part)) for part in steps], rel=1e-12)


def test_parts_that_no_step_came_to_are_not_known(numba_backend):
    run = optimisation(cluster(60, 1), numba_backend)
    assert np.isnan(run.loss_curves()).all()
    for _ in range(11):
        run.advance()
    assert np.isfinite(run.loss_curves()[0]).tolist() == [True] * 5 + [False] * 11


def test_a_resumed_run_has_the_same_curve(numba_backend):
    first, second = (optimisation(cluster(60, 1), numba_backend) for _ in range(2))
    for _ in range(13):
        first.advance()
    second.restore(first.state())
    for run in (first, second):
        while run.step < CONFIG.iterations:
            run.advance()
    np.testing.assert_array_equal(first.loss_curves(), second.loss_curves())


def test_it_is_among_the_metrics_and_shown_as_it_grows(numba_backend):
    observer = ProgressObserver(threading.Event(), None, 1)
    assert observer.progress().curve == ()
    shown: list[Advance] = []

    def look(made):
        observer._looked.at = -np.inf
        observer(made)
        shown.append(observer.progress())

    (result,) = train_batch([cluster(60, 1)], CONFIG, numba_backend, look)
    curve = np.array([result.metrics[name] for name in LOSS_CURVE])
    assert np.isfinite(curve).all()
    known = [np.count_nonzero(np.isfinite(advance.curve)) for advance in shown[: CONFIG.iterations]]
    assert known == [1 + step * 16 // 40 for step in range(40)]
    assert shown[CONFIG.iterations - 1].curve == pytest.approx(curve / curve[0])
    faster = {name: value * 0.5**i for i, (name, value) in enumerate(zip(LOSS_CURVE, [4.0] * 16))}
    ended = ProgressObserver(threading.Event(), None, 1)
    for metrics in (faster, dict.fromkeys(LOSS_CURVE, 2.0), dict.fromkeys(LOSS_CURVE, float("nan"))):
        ended.ended_elsewhere([CellResult(0, result.splats, metrics | {"last_loss": 1.0}, "trained")])
    assert ended.progress().curve == pytest.approx([(1.0 + 0.5**i) / 2.0 for i in range(16)])
