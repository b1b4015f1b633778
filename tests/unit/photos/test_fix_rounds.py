"""Rounds of fixing: how far novel views venture, what is in a round's folder, and that a killed run finds it again."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from helios.errors import InputError, StoreError
from helios.photos.data.photograph import HeldPixels, Photograph
from helios.photos.fixers.contract import Fixed, Fixer
from helios.photos.fixers.options import FixOptions
from helios.photos.fixers.pictures import levels
from helios.photos.fixers.places import outwards
from helios.photos.fixers.rounds import FixRounds
from tests.support.tiny_scene import draw, ring_of_cameras

SIZE = 24
K = np.array([[30.0, 0, SIZE / 2], [0, 30.0, SIZE / 2], [0, 0, 1]])
RING = ring_of_cameras(12)


def photographs(places=(0, 4, 8)) -> tuple[Photograph, ...]:
    return tuple(
        Photograph(
            f"{place}.png", RING[place], K, SIZE, SIZE, 1, HeldPixels(levels(draw(RING[place], K, SIZE, SIZE)[0]))
        )
        for place in places
    )


TARGETS = RING[[1, 2, 3, 5, 6, 7]]


def drawn(viewmat, K, width, height):
    """The truth at 0.8 of its light, as a backend returns it."""
    image, alpha, depth = (
        torch.tensor(values, dtype=torch.float32)[None] for values in draw(viewmat, K, width, height)
    )
    return SimpleNamespace(images=0.8 * image, alphas=alpha, depths=depth)


class Counting(Fixer):
    """Adds to the red of a picture, trusts its left half, and counts."""

    def __init__(self):
        self.calls = 0

    def __repr__(self):
        return "Counting"

    def fix(self, render, alpha, depth, camera, references):
        self.calls += 1
        trust = np.zeros_like(alpha)
        trust[:, : alpha.shape[1] // 2] = 1
        return Fixed(np.clip(render + np.array([0.1, 0, 0], np.float32), 0, 1), trust)


def rounds_in(folder, **options) -> FixRounds:
    made = FixRounds(FixOptions(**options), folder / "novel", photographs(), (20, 10, 30), TARGETS)
    made.fixer = Counting()
    return made


def content(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_novel_views_go_outwards_from_the_photographs(tmp_path):
    rounds = rounds_in(tmp_path)
    taken = {step: [one.viewmat for one in rounds.fix(step, drawn)] for step in (10, 20, 30)}
    assert [len(views) for views in taken.values()] == [2, 4, 6]
    for fewer, more in ((10, 20), (20, 30)):
        assert all(np.array_equal(a, b) for a, b in zip(taken[fewer], taken[more]))
    # All cameras look at one place from one distance, so that the angle between them there says how far they are.
    eyes = [-m[:3, :3].T @ m[:3, 3] / 4.0 for m in (one.viewmat for one in photographs())]
    reach = [np.array([max(-m[2, :3] @ eye for eye in eyes) for m in views]) for views in taken.values()]
    assert all((np.diff(cosines) <= 1e-9).all() for cosines in reach)
    assert reach[0].min() > reach[2].min()


def test_a_novel_camera_has_the_lens_of_its_nearest_photograph():
    given = list(photographs())
    given[1] = Photograph("wide.png", given[1].viewmat, K * 2, 2 * SIZE, SIZE, 2, given[1].pixels)
    cameras, nearest = outwards(RING[[5]], given)
    assert nearest == (1,)
    assert (cameras[0].width, cameras[0].height) == (2 * SIZE, SIZE)
    assert np.array_equal(cameras[0].K, K * 2)
    assert np.array_equal(cameras[0].viewmat, RING[5])


def test_a_round_is_a_folder_and_what_is_in_it_is_trained_on(tmp_path):
    rounds = rounds_in(tmp_path)
    novel = rounds.fix(10, drawn)
    folder = tmp_path / "novel" / "10"
    kinds = ["Alpha", "Fixed", "Pred", "Ref", "Trust"]
    assert sorted(path.name for path in folder.iterdir()) == [*kinds, "cameras.json"]
    listed = json.loads((folder / "cameras.json").read_text())
    assert listed["step"] == 10
    assert [view["name"] for view in listed["views"]] == ["00000.png", "00001.png"]
    for one, view in zip(novel, listed["views"]):
        image, alpha, _ = draw(one.viewmat, K, SIZE, SIZE)
        pictures = {kind: np.asarray(Image.open(folder / kind / view["name"])).astype(int) for kind in kinds}
        assert np.abs(pictures["Pred"] - 0.8 * 255 * image).max() <= 1
        assert np.abs(pictures["Alpha"] - 255 * alpha).max() <= 1
        assert np.array_equal(pictures["Ref"], next(p for p in photographs() if p.name == view["reference"]).image())
        assert np.array_equal(pictures["Fixed"], one.image())
        assert np.array_equal(pictures["Trust"], one.trust())
        assert np.abs(one.image()[..., 0] - np.clip(0.8 * image[..., 0] + 0.1, 0, 1) * 255).max() <= 1
        assert (one.trust()[:, : SIZE // 2] == 255).all()
        assert not one.trust()[:, SIZE // 2 :].any()
        assert np.array_equal(view["viewmat"], one.viewmat)
        assert view["width"] == one.width == SIZE


def test_a_run_that_goes_on_reads_its_round_and_makes_none_twice(tmp_path):
    first = rounds_in(tmp_path)
    made = first.fix(10, drawn)
    before = content(tmp_path)
    again = rounds_in(tmp_path)
    assert again.read(9) == ()
    for step in (10, 15):
        for one, other in zip(again.read(step), made, strict=True):
            assert np.array_equal(one.image(), other.image())
            assert np.array_equal(one.trust(), other.trust())
            assert np.array_equal(one.viewmat, other.viewmat)
            assert np.array_equal(one.K, other.K)
    again.fix(10, drawn)
    assert again.fixer.calls == 0
    assert content(tmp_path) == before
    # Of other renders it makes another round in its place, and of the first ones the first again, byte for byte.
    again.fix(10, lambda *camera: SimpleNamespace(**{**vars(drawn(*camera)), "images": drawn(*camera).images * 0.9}))
    assert again.fixer.calls == 2
    assert content(tmp_path) != before
    again.fix(10, drawn)
    assert again.fixer.calls == 4
    assert content(tmp_path) == before


def test_a_round_that_was_killed_half_way_leaves_none(tmp_path):
    rounds = rounds_in(tmp_path)

    class Killed(BaseException):
        pass

    def killed(views):
        raise Killed

    rounds.fix(10, drawn)
    before = content(tmp_path)
    rounds.fixer.fix_all = killed
    with pytest.raises(Killed):
        rounds.fix(20, drawn)
    assert content(tmp_path) == before
    with pytest.raises(StoreError, match=r"novel/20: missing, and training went on from it; train the scene again"):
        rounds.read(25)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda f: (f / "Fixed/00001.png").unlink(), "Fixed/00001.png: missing; train"),
        (lambda f: (f / "Fixed/00000.png").write_bytes(b"\x89PNG"), "Fixed/00000.png: not a picture"),
        (
            lambda f: Image.new("L", (3, 4)).save(f / "Trust/00000.png"),
            "Trust/00000.png: 3 x 4 pixels, must be 24 x 24",
        ),
        (lambda f: (f / "cameras.json").write_text("{"), "cameras.json: damaged"),
    ],
)
def test_a_damaged_round_is_named(tmp_path, spoil, words):
    rounds = rounds_in(tmp_path)
    rounds.fix(10, drawn)
    spoil(tmp_path / "novel" / "10")
    with pytest.raises(StoreError, match=words) as caught:
        rounds.read(10)
    assert "\n" not in str(caught.value)


def test_novel_views_lie_on_a_path_through_the_photographs(tmp_path):
    made = FixRounds(FixOptions(novel_views=10), tmp_path, photographs(), (1, 2))
    made.fixer = Counting()
    assert len(made.fix(1, drawn)) == 5
    novel = made.fix(2, drawn)
    assert len(novel) == 10
    for one in novel:
        turn = one.viewmat[:3, :3]
        assert np.allclose(turn @ turn.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(turn) > 0
    assert FixRounds(FixOptions(), tmp_path, photographs(), ()).read(100) == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"novel_share": 1.5}, "--novel-share 1.5: must be from 0 to 1"),
        ({"fixer": "magic"}, "unknown fixer 'magic'"),
        ({"novel_path": "zigzag"}, "unknown path 'zigzag'"),
        ({"novel_views": 0}, "--novel-views 0"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(InputError, match=words):
        FixOptions(**options)
