"""`helios scene train` as a user types it, on photographs of an ellipsoid: files, words, refusals, and going on.

Photographs are ray-cast (tests/support/tiny_scene.py), so what comes out is judged by a truth that no rasteriser made.
"""

import dataclasses
import json
import re
import signal
import time

import numpy as np
import plyfile
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

from helios.cli import main
from helios.photos.density import DENSITY
from helios.photos.trained import load_trained
from helios.rendering.opaque import choose
from tests.forked_commands import Forked
from tests.support.tiny_scene import write_tiny_scene

QUICK = ("--backend", "numba", "--tb-every", 0, "--max-gaussians", 600, "--strategy.refine-start-iter", 10)
QUICK += ("--strategy.refine_every", 10, "--sh_degree_interval", 20)
STEPS = ("--max-steps", 60, "--eval_steps", 20, 40, "--save-steps", 30, "--ply-steps", 60)


def helios(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def refusal(result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    return line


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_tiny_scene(tmp_path_factory.mktemp("data") / "tiny", views=12).folder


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "result"
    result = helios("scene", "train", data, "-o", output, *QUICK, *STEPS)
    assert result.exit_code == 0, result.output
    return output, result.output


def test_the_folder_is_that_of_the_guides(data, trained):
    """Checkpoints, scores, renders beside photographs and PLY, each after its steps, and what all that was made of."""
    folder, said = trained
    names = sorted(contents(folder))
    held_out = ["000", "008"]
    renders = [f"renders/val_step{step}_{name}.png" for step in (20, 40, 60) for name in held_out]
    stats = [f"stats/val_step{step}.json" for step in (20, 40, 60)]
    rest = ["cfg.json", "ckpts/ckpt_30.pt", "ckpts/ckpt_60.pt", "ply/point_cloud_60.ply"]
    assert names == sorted(renders + stats + rest)
    stored = torch.load(folder / "ckpts" / "ckpt_60.pt", weights_only=True)
    assert stored["step"] == 60
    assert list(stored["splats"]) == ["means", "scales", "quats", "opacities", "sh0", "shN"]
    count = len(stored["splats"]["means"])
    assert 400 < count <= 600, "the strategy adds splats up to the cap"
    scores = [json.loads((folder / name).read_text()) for name in stats]
    assert [one["count"] for one in scores] == [2, 2, 2]
    assert scores[2]["num_GS"] == count
    black = [np.mean((np.asarray(Image.open(data / "images" / f"{name}.png")) / 255) ** 2) for name in held_out]
    assert scores[2]["psnr"] > np.mean(-10 * np.log10(black)) + 5
    assert scores[2]["lpips"] is None
    assert "--lpips-weights" in scores[2]["lpips_reason"]
    assert len(plyfile.PlyData.read(folder / "ply" / "point_cloud_60.ply")["vertex"]) == count
    options = json.loads((folder / "cfg.json").read_text())["options"]
    assert (options["sh_degree_interval"], options["eval_steps"], options["strategy.refine_every"]) == (
        20,
        [20, 40],
        10,
    )
    last = said.splitlines()[-1]
    assert re.fullmatch(
        rf"{folder}: {count} splats after 60 steps, {scores[2]['psnr']:.2f} dB / {scores[2]['ssim']:.4f} "
        r"on 2 held-out photographs, \d+\.\d s",
        last,
    )
    beside = np.asarray(Image.open(folder / "renders" / "val_step60_000.png"), np.float32)
    photograph = np.asarray(Image.open(data / "images" / "000.png"), np.float32)
    assert (beside[:, :64] == photograph).all()
    mse = np.mean((beside[:, 64:] / 255 - photograph / 255) ** 2)
    assert abs(-10 * np.log10(mse) - scores[2]["photographs"]["000.png"]["psnr"]) < 0.1, "8 bits are in the file"


def test_what_was_trained_is_drawn_from_its_folder(trained):
    """`load_trained` draws the render that the training wrote, to the rounding of 8 bits."""
    folder, _ = trained
    found = load_trained(folder)
    early = load_trained(folder, 30)
    assert (found.step, early.step, found.sh_degree, found.antialiased) == (60, 30, 3, True)
    assert json.loads((folder / "cfg.json").read_text()) == found.config


def test_the_same_command_again_has_nothing_to_do(data, trained):
    folder, _ = trained
    before = contents(folder)
    result = helios("scene", "train", data, "-o", folder, *QUICK, *STEPS)
    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == f"{folder}: trained already, 60 steps with these options"
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--sh-degree", 2), "trained with 3 for what is now --sh-degree 2"),
        (("--strategy.prune-opa", 0.1), "trained with 0.005 for what is now --strategy.prune-opa 0.1"),
        (("--eval-steps", 20), "trained with 20 40 for what is now --eval-steps 20 40 20"),
        (("--backend", "torch"), "trained with the backend numba, now torch"),
    ],
)
def test_a_result_of_other_options_is_refused_by_their_name(data, trained, change, words):
    folder, _ = trained
    before = contents(folder)
    line = refusal(helios("scene", "train", data, "-o", folder, *QUICK, *STEPS, *change))
    assert words in line
    assert "--overwrite" in line
    assert contents(folder) == before


def test_other_folders_are_left_alone_and_overwrite_begins_anew(data, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    line = refusal(helios("scene", "train", data, "-o", tmp_path, *QUICK, "--max-steps", 2))
    assert "no cfg.json, left as it is" in line
    output = tmp_path / "result"
    assert helios("scene", "train", data, "-o", output, *QUICK, "--max-steps", 2).exit_code == 0
    (output / "mine.txt").write_text("mine")
    again = helios("scene", "train", data, "-o", output, *QUICK, "--max-steps", 3, "--overwrite")
    assert again.exit_code == 0, again.output
    assert (output / "mine.txt").read_text() == "mine"
    assert [path.name for path in (output / "ckpts").iterdir()] == ["ckpt_3.pt"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--strategy", "none"), "unknown density strategy 'none' (choose from default, mcmc, spectral)"),
        (("--strategy.grow-grad3d", 1), "grow_grad3d=1"),
        (("--init-type", "colmap"), "unknown start 'colmap' (choose from sfm, random)"),
        (("--ssim-lambda", 1.5), "--ssim-lambda 1.5: must be from 0 to 1"),
        (("--visible-adam", "--sparse-grad"), "give one of them"),
        (("--match", "moon"), "--match moon: no photograph of the model has it in its name, the first is 000.png"),
        (("--mask-outside", "white"), "--mask-outside white: must be background or ignored"),
        (
            ("--max-gaussians", 10, "--init-type", "random", "--init-num-pts", 2),
            "--init-num-pts 2: must be from 4 to 1e+09",
        ),
    ],
)
def test_a_bad_option_is_one_line_and_makes_nothing(data, tmp_path, change, words):
    line = refusal(helios("scene", "train", data, "-o", tmp_path / "out", "--backend", "numba", *change))
    assert words in line
    assert not (tmp_path / "out").exists()


def test_cameras_are_shaken_back_and_stored(data, tmp_path):
    output = tmp_path / "out"
    how = ("--max-steps", 5, "--pose-opt", "--pose_noise=0.01")
    assert helios("scene", "train", data, "-o", output, *QUICK, *how).exit_code == 0
    motions = torch.load(output / "ckpts" / "ckpt_5.pt", weights_only=True)["pose_adjust"]["embeds.weight"]
    assert motions.shape == (10, 9)


def test_curves_and_pictures_for_tensorboard(data, tmp_path):
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    output = tmp_path / "out"
    how = ("--tb-every", 5, "--max-steps", 20, "--eval-steps", 10)
    assert helios("scene", "train", data, "-o", output, *QUICK, *how).exit_code == 0
    events = reader.EventAccumulator(str(output / "tb"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == [5, 10, 15, 20]
    assert [event.step for event in events.Scalars("val/psnr")] == [10, 20]
    splats = torch.load(output / "ckpts" / "ckpt_20.pt", weights_only=True)["splats"]
    assert events.Scalars("train/splats")[-1].value == len(splats["means"])
    image = events.Images("val/000.png")[0]
    assert (image.width, image.height) == (128, 48)


def test_interrupted_it_keeps_its_state_and_goes_on(data, tmp_path):
    """Ctrl-C: exit 130, words that say how to go on; then the bytes of a run that nobody interrupted."""
    arguments = ("--max-steps", 400, *QUICK, "--checkpoint-every", 0)
    alone = tmp_path / "alone"
    assert helios("scene", "train", data, "-o", alone, *arguments).exit_code == 0
    output = tmp_path / "out"
    process = Forked("scene", "train", data, "-o", output, *arguments)
    deadline = time.monotonic() + 120
    while not (output / "cfg.json").exists():
        assert process.code is None, process.said
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.signal(signal.SIGINT)
    code, said = process.end()
    assert code == 130, said
    words = re.fullmatch(
        r"stopped after step (\d+): (\d+) steps are left, the same command goes on with them, \d+\.\d s",
        said.splitlines()[-1],
    )
    assert words, said
    assert int(words[1]) + int(words[2]) == 400
    assert (output / "ckpts" / "unfinished.checkpoint").exists()
    assert helios("scene", "train", data, "-o", output, *arguments).exit_code == 0
    assert contents(output) == contents(alone)


def test_the_guides_spelling(data, tmp_path):
    """Underscores, several values of an option, --NAME=VALUE, and a strategy's options in one word or each alone."""
    one, other = tmp_path / "one", tmp_path / "other"
    base = ("scene", "train", data, "--backend", "numba", "--tb-every", 0)
    first = ("--max_steps", 6, "--eval_steps", 2, 4, "--strategy=mcmc", "--strategy.refine_every=2", "-o", one)
    second = ("-o", other, "--max-steps=6", "--eval-steps", 2, "--eval-steps", 4, "--strategy", "mcmc:refine_every=2")
    assert helios(*base, *first).exit_code == 0
    assert helios(*base, *second).exit_code == 0
    assert contents(one) == contents(other)


def test_the_help_is_grouped_and_names_every_option():
    result = helios("scene", "train", "--help")
    assert result.exit_code == 0
    headings = re.findall(r"^(\w[\w ]*):$", result.output, re.MULTILINE)
    assert headings[:4] == ["Data", "Steps", "Splats", "Drawing"]
    assert headings[-1] == "Options"
    assert "same bytes" in " ".join(result.output.split("--packed")[1].split()[:60])
    for name in DENSITY.names():
        (heading,) = [h for h in result.output.splitlines() if re.match(rf"Strategy {name}\b", h)]
        section = re.split(r"^\w", result.output.split(heading)[1], flags=re.MULTILINE)[0]
        base = re.search(r"those of (\w+)", heading)
        above = {f.name for f in dataclasses.fields(DENSITY.get(base[1]))} if base else {"max_gaussians"}
        for field in dataclasses.fields(DENSITY.get(name)):
            named = re.search(rf"--strategy\.{field.name.replace('_', '-')} (?:.|\n)*?\[default:\s+(\S+)\]", section)
            assert (named is None) == (field.name in above), field.name
            assert named is None or named[1] == str(field.default)


def test_a_backend_draws_the_render_that_was_written(data, trained):
    """The torch twin, on the render of the last step: another rasteriser's picture to the rounding of 8 bits."""
    folder, _ = trained
    found = load_trained(folder)
    model = (data / "sparse" / "0" / "images.txt").read_text().splitlines()
    assert model[0].endswith("000.png")
    transform = np.array(found.config["transform"])
    from helios.photos.data.dataset import load_dataset

    photograph = load_dataset(data).test[0]
    assert transform.shape == (4, 4)
    drawn = found.draw(choose("torch"), photograph.viewmat, photograph.K, photograph.width, photograph.height)
    beside = np.asarray(Image.open(folder / "renders" / "val_step60_000.png"), np.float32)[:, 64:]
    assert np.abs(255 * drawn.images[0].clamp(0, 1).numpy() - beside).max() < 1.0
