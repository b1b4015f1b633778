"""The log of a run, read back by TensorBoard's own reader: every curve, picture and figure where it should be.

Cells of 40 stars in images of 32 pixels; the pictures are compared with images drawn here from the same scene.
"""

import dataclasses
import errno
import io
import os
import threading

import numpy as np
import pytest

from helios.rendering import pick_backend
from helios.splats import LOSS_CURVE
from helios.training.config import TrainConfig
from helios.training.run.engine import train_scenes
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.scene import Scene
from tests.unit.training.scenes import cluster

pytest.importorskip("tensorboard", reason="the package tensorboard is not installed")
PIL = pytest.importorskip("PIL.Image")

CONFIG = TrainConfig(iterations=40, image_size=32)
WILD = dataclasses.replace(CONFIG, learning_rate=1.0)
"""A rate that makes the loss worse, so that there is a second attempt at a tenth of it."""


@pytest.fixture(scope="module")
def backend():
    return pick_backend("numba")


def train(folder, backend, config=CONFIG, every=4, cells=2, log="tensorboard"):
    """Train cells together with a log; returns their scenes and results."""
    observer = ProgressObserver(threading.Event(), log_of(log, folder, backend), every)
    scenes = [Scene.of(cluster(40, seed), config) for seed in range(cells)]
    results = train_scenes(scenes, config, backend, observer)
    for scene, result in zip(scenes, results):
        observer.ended(scene, result)
    return scenes, results


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    return events


def picture(event):
    return np.asarray(PIL.open(io.BytesIO(event.encoded_image_string))).astype(int)


def test_curves_and_the_result(backend, tmp_path):
    scenes, results = train(tmp_path, backend)
    for scene, result in zip(scenes, results):
        events = read(tmp_path / str(scene.cell.id))
        loss, rate, splats = (events.Scalars(tag) for tag in ("loss", "rate", "splats"))
        assert [event.step for event in loss] == list(range(4, 41, 4))
        assert all(event.value > 0 for event in loss)
        assert rate[0].value == pytest.approx(CONFIG.learning_rate, rel=0.05)
        assert rate[-1].value < 0.1 * CONFIG.learning_rate
        assert {event.value for event in splats} == {10.0}
        for name, value in result.metrics.items():
            if name in LOSS_CURVE:  # the curve itself is logged
                assert f"result/{name}" not in events.Tags()["scalars"]
                continue
            (logged,) = events.Scalars(f"result/{name}")
            assert (logged.step, logged.value) == (40, pytest.approx(value))


def test_pictures(backend, tmp_path):
    """The truth is what an sRGB screen shows of it; prediction and difference fit it, and better at the end."""
    (scene, _), _ = train(tmp_path, backend, every=1)
    events = read(tmp_path / str(scene.cell.id))
    truth, prediction, difference = (events.Images(tag) for tag in ("truth", "prediction", "difference"))
    steps = [10, 20, 30, 40]
    assert [event.step for event in truth] == [event.step for event in prediction] == steps
    linear = np.clip(scene.judge_truth[4].astype(np.float64), 0, 1)  # the first view at 5 radii
    curve = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    for event in truth:
        np.testing.assert_array_equal(picture(event), np.rint(255 * curve))
    errors = []
    for shown, wanted, apart in zip(prediction, truth, difference):
        gap = picture(shown) - picture(wanted)
        assert np.abs(picture(apart) - (127.5 + gap / 2)).max() <= 1.5
        errors.append(np.abs(gap).mean())
    assert picture(prediction[-1]).max() > 40
    assert max(errors) < 5


def test_a_second_attempt_counts_on(backend, tmp_path):
    (scene,), (result,) = train(tmp_path, backend, WILD, cells=1)
    assert result.outcome == "start"
    rates = read(tmp_path / str(scene.cell.id)).Scalars("rate")
    assert [event.step for event in rates] == list(range(4, 81, 4))
    assert rates[10].value == pytest.approx(0.1 * rates[0].value)


def test_a_cell_that_is_not_trained_has_its_result(backend, tmp_path):
    (scene,), _ = train(tmp_path, backend, dataclasses.replace(CONFIG, ratio=1.0), cells=1)
    events = read(tmp_path / str(scene.cell.id))
    assert "loss" not in events.Tags()["scalars"]
    assert events.Scalars("result/splats")[0].value == 40
    assert len(events.Images("prediction")) == 1


def test_pictures_can_be_left_out(backend, tmp_path):
    scenes, results = train(tmp_path, backend, log="tensorboard:pictures=false")
    for scene, result in zip(scenes, results):
        events = read(tmp_path / str(scene.cell.id))
        assert events.Tags()["images"] == []
        assert len(events.Scalars("loss")) == 10
        assert events.Scalars("result/splats")[0].value == len(result.splats)


def test_a_full_disk_names_the_cells_folder(backend, tmp_path, monkeypatch):
    log = log_of("tensorboard", tmp_path, backend)
    scene = Scene.of(cluster(40, 0), CONFIG)
    (result,) = train_scenes([scene], dataclasses.replace(CONFIG, iterations=0), backend)
    whole = open

    def full(path, mode="r", *rest, **more):
        file = whole(path, mode, *rest, **more)
        if "tfevents" in str(path):
            file.close()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return file

    monkeypatch.setattr("io.open", full)
    monkeypatch.setattr("threading.excepthook", lambda raised: None)  # the package's own thread raises it, too
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="No space left on device") as caught:
        log.result(scene, result)
    for thread in set(threading.enumerate()) - before:
        thread.join()
    monkeypatch.undo()
    assert caught.value.filename == str(tmp_path / str(scene.cell.id))
