"""Every registered log hears of all steps of cells in training and of their results, and keeps them in its folder.

Two small cells train with each log; a program that is killed later must find all of it on the disk.
"""

import dataclasses
import threading

import pytest

from helios.errors import InputError
from helios.rendering import pick_backend
from helios.training.config import TrainConfig
from helios.training.registries import LOGS
from helios.training.run.engine import train_scenes
from helios.training.run.logs import log_of
from helios.training.run.observer import ProgressObserver
from helios.training.scene import Scene
from tests.unit.training.scenes import cluster

CONFIG = TrainConfig(iterations=12, image_size=32)


def sizes(folder):
    return {path: path.stat().st_size for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", LOGS.names())
def test_steps_and_results_are_on_the_disk_when_they_are_told(name, tmp_path):
    backend, folder = pick_backend("numba"), tmp_path / "not" / "there"
    log = log_of(name, folder, backend)
    observer = ProgressObserver(threading.Event(), log, 4)
    scenes = [Scene.of(cluster(40, seed), CONFIG) for seed in range(2)]
    results = train_scenes(scenes, CONFIG, backend, observer)
    trained = sizes(folder)
    assert sum(trained.values()) > 0
    for scene, result in zip(scenes, results):
        log.result(scene, result)
    ended = sizes(folder)
    assert sum(ended.values()) > sum(trained.values())
    assert all(ended[path] >= size for path, size in trained.items())


@pytest.mark.parametrize("name", LOGS.names())
def test_options_are_fields_of_a_frozen_dataclass(name, tmp_path):
    kind = LOGS.get(name)
    assert dataclasses.is_dataclass(kind)
    assert LOGS.make(name) == kind()
    with pytest.raises(InputError, match=rf"^log {name}: 'loud=1' must be OPTION=VALUE"):
        log_of(f"{name}:loud=1", tmp_path, pick_backend("numba"))


def test_no_name_is_no_log(tmp_path):
    assert log_of(None, tmp_path, pick_backend("numba")) is None
