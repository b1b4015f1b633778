"""Photographs decoded ahead: each once and elsewhere, no more than are named, errors where they belong, no thread left.

Photographs of a test count who decodes them; the training's own are held against one that decodes when it asks.
"""

import threading

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from helios.cli import main
from helios.errors import InputError
from helios.photos.data.pictures import look
from helios.photos.fit.ahead import Ahead
from tests.support.tiny_scene import write_tiny_scene


class Counted:
    """A photograph of one colour that knows which threads decoded it; `held` keeps them waiting."""

    def __init__(self, number, held=None):
        self.number, self.held, self.threads = number, held, []

    def image(self):
        if self.held is not None:
            assert self.held.wait(60)
        self.threads.append(threading.current_thread().name)
        if self.number == 7:
            raise InputError("photograph 7: damaged; copy it again")
        return np.full((2, 3, 3), self.number, np.uint8)

    def mask(self):
        return None


def threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("helios-photographs")}


@pytest.fixture
def others():
    """The threads of trainings that other tests of this process have not let go of."""
    return threads()


@pytest.mark.parametrize("on_cpu", [True, False])
def test_each_is_decoded_once_on_a_thread_of_its_own(on_cpu, others):
    photographs = [Counted(number) for number in range(6)]
    ahead, order = Ahead(photographs, on_cpu), [3, 1, 4, 0, 5, 2]
    for place, one in enumerate(order):
        ahead.expect(order[place : place + 1 + ahead.places])
        image, mask = ahead.take(one)
        assert mask is None
        assert (image == one).all()
    assert all(one.threads and one.threads[0].startswith("helios-photographs") for one in photographs)
    assert [len(one.threads) for one in photographs] == [1] * 6
    assert (ahead.take(3)[0] == 3).all(), "nobody expected it: decoded here"
    assert photographs[3].threads[1] == threading.current_thread().name
    ahead.close()
    assert threads() <= others


def test_only_what_was_named_last_is_decoded_and_kept():
    """What waits is dropped once it is named no more; what is taken twice is decoded twice, as memory is not ours."""
    held = threading.Event()
    photographs = [Counted(number, held) for number in range(6)]
    ahead = Ahead(photographs, on_cpu=True)
    ahead.expect([0, 1, 2])
    ahead.expect([0, 4])
    held.set()
    assert (ahead.take(4)[0] == 4).all()
    assert (ahead.take(0)[0] == 0).all()
    ahead.close()
    assert [len(one.threads) for one in photographs] == [1, 0, 0, 0, 1, 0]


def test_an_error_belongs_to_the_photograph_that_has_it():
    photographs = [Counted(number) for number in range(9)]
    ahead = Ahead(photographs, on_cpu=True)
    ahead.expect([6, 7, 8])
    assert (ahead.take(6)[0] == 6).all()
    with pytest.raises(InputError, match=r"^photograph 7: damaged; copy it again$"):
        ahead.take(7)
    assert (ahead.take(8)[0] == 8).all()
    ahead.expect([7])
    ahead.close()


def test_a_picture_that_pillow_warns_of_is_one_like_others(tmp_path):
    """182 million pixels: above Pillow's own limit, below ours. Warnings are errors here."""
    Image.new("1", (14_000, 13_000)).save(tmp_path / "wide.png")
    assert look(tmp_path / "wide.png").width == 14_000


def test_a_training_is_the_same_and_leaves_no_thread(tmp_path, monkeypatch, others):
    """Bytes of a run that decodes when it asks; then a damaged photograph ends a run in the one line of its file."""
    data = write_tiny_scene(tmp_path / "data", views=6, width=32, height=24, points=60).folder
    arguments = ["--backend", "numba", "--max-steps", "9", "--tb-every", "0", "--batch-size", "2"]

    def train(output):
        words = ["scene", "train", str(data), "-o", str(tmp_path / output), *arguments]
        return CliRunner().invoke(main, words, catch_exceptions=False)

    assert train("one").exit_code == 0
    assert threads() <= others
    with monkeypatch.context() as patched:
        patched.setattr(Ahead, "expect", lambda self, which: None)
        assert train("other").exit_code == 0
    one, other = (torch.load(tmp_path / name / "ckpts" / "ckpt_9.pt")["splats"] for name in ("one", "other"))
    assert all(torch.equal(one[name], other[name]) for name in one)

    file = data / "images" / "003.png"
    file.write_bytes(file.read_bytes()[:-200])
    result = train("damaged")
    assert result.exit_code == 1
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error")]
    assert line.startswith(f"Error: {file}: damaged (")
    assert threads() <= others
