"""What every fixer promises, each with what it needs: a program, a pipeline of random weights, a renderer, nothing."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from helios.errors import InputError
from helios.photos.data.photograph import HeldPixels, Photograph
from helios.photos.fixers import FIXERS
from helios.photos.fixers.contract import Camera, Reference, View
from helios.photos.fixers.pictures import levels
from tests.support.tiny_scene import camera_at, draw, ring_of_cameras

WIDTH, HEIGHT = 45, 38  # no multiples of 8
K = np.array([[50.0, 0, WIDTH / 2], [0, 50.0, HEIGHT / 2], [0, 0, 1]])

PROGRAM = """
import json, sys
import numpy as np
from pathlib import Path
from PIL import Image
given, made = map(Path, sys.argv[1:3])
fault = sys.argv[3] if len(sys.argv) > 3 else ""
if fault == "dies":
    sys.exit("out of memory\\nwhile loading")
listed = json.loads((given / "cameras.json").read_text())["views"]
(made / "Fixed").mkdir()
for view in listed:
    pred, ref = (np.asarray(Image.open(given / kind / view["name"])).astype(float) for kind in ("Pred", "Ref"))
    alpha = np.asarray(Image.open(given / "Alpha" / view["name"]))
    depth = np.load(given / "Depth" / view["name"].replace("png", "npy"))
    assert pred.shape == ref.shape == (view["height"], view["width"], 3)
    assert alpha.shape == depth.shape == pred.shape[:2]
    assert np.array(view["viewmat"]).shape == (4, 4) and np.array(view["K"]).shape == (3, 3)
    fixed = Image.fromarray(((pred + ref) / 2).astype(np.uint8))
    if fault == "size":
        fixed = fixed.resize((8, 8))
    name = view["name"]
    if fault == "name" and name == "00001.png":
        name = "one.png"
    fixed.save(made / "Fixed" / name)
    if fault == "text":
        (made / "Fixed" / name).write_text("no picture")
    if fault == "trust":
        (made / "Trust").mkdir(exist_ok=True)
        Image.fromarray(np.full(alpha.shape, 51, np.uint8)).save(made / "Trust" / name)
"""

RENDERER = """
import sys
sys.path.insert(0, {root!r})
from tests.support.tiny_scene import draw
def truth(viewmat, K, width, height):
    return draw(viewmat, K, width, height)[0].clip(0, 1)
def bright(viewmat, K, width, height):
    return 2 + draw(viewmat, K, width, height)[0]
def small(viewmat, K, width, height):
    return draw(viewmat, K, width, height)[0][:4]
"""

PIPELINE = '''
import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, DiffusionPipeline, UNet2DModel
from diffusers.image_processor import VaeImageProcessor
from diffusers.utils import BaseOutput


class DifixPipeline(DiffusionPipeline):
    """One step of denoising of a picture beside its reference, with the arguments of Difix3D+'s pipeline."""

    def __init__(self, vae, unet, scheduler):
        super().__init__()
        self.register_modules(vae=vae, unet=unet, scheduler=scheduler)
        self.processor = VaeImageProcessor(vae_scale_factor=8)

    @torch.no_grad()
    def __call__(self, prompt, image, ref_image, num_inference_steps, timesteps, guidance_scale, generator):
        assert (prompt, num_inference_steps, timesteps, guidance_scale) == ("remove degradation", 1, [199], 0.0)
        assert image.size == ref_image.size and not any(side % 8 for side in image.size)
        both = torch.cat([self.processor.preprocess(each) for each in (image, ref_image)])
        latents = self.vae.encode(both).latent_dist.sample(generator)
        noise = self.unet(latents.mean(0, keepdim=True), timesteps[0]).sample
        mended = self.scheduler.step(noise, timesteps[0], latents[:1], generator=generator).pred_original_sample
        return BaseOutput(images=self.processor.postprocess(self.vae.decode(mended).sample, output_type="pil"))
'''

needs_diffusers = pytest.mark.skipif(
    importlib.util.find_spec("diffusers") is None, reason="diffusers is not installed (extra difix)"
)


@pytest.fixture(scope="module")
def tools(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fixers")
    (folder / "program.py").write_text(PROGRAM)
    (folder / "renderer.py").write_text(RENDERER.format(root=str(Path(__file__).parents[2])))
    return folder


@pytest.fixture(scope="module")
def pipeline(tools) -> Path:
    """A pipeline of random weights in a folder, with its code, as the hub has Difix'."""
    import torch
    from diffusers import AutoencoderKL, DDPMScheduler, UNet2DModel

    torch.manual_seed(0)
    folder = tools / "pipeline"
    folder.mkdir()
    (folder / "pipeline_difix.py").write_text(PIPELINE)
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    parts = {
        "vae": AutoencoderKL(block_out_channels=(8, 8, 8, 8), norm_num_groups=4, **blocks),
        "unet": UNet2DModel(
            sample_size=8, in_channels=4, out_channels=4, block_out_channels=(8,), norm_num_groups=4,
            down_block_types=("DownBlock2D",), up_block_types=("UpBlock2D",),
        ),
        "scheduler": DDPMScheduler(),
    }  # fmt: skip
    sys.path.insert(0, str(folder))
    try:
        importlib.import_module("pipeline_difix").DifixPipeline(**parts).save_pretrained(folder)
    finally:
        sys.path.remove(str(folder))
    return folder


def spec(name: str, request) -> str:
    tools = request.getfixturevalue("tools")
    if name == "difix":
        model = request.getfixturevalue("pipeline")
        return f"difix:model={model},pipeline={model}/pipeline_difix.py:DifixPipeline,device=cpu"
    return {
        "consensus": "consensus",
        "command": f"command:program={sys.executable} {tools}/program.py {{input}} {{output}}",
        "truth": f"truth:renderer={tools}/renderer.py:truth",
    }[name]


def views() -> list[View]:
    references = []
    for number, viewmat in enumerate(ring_of_cameras(6)):
        image, _, depth = draw(viewmat, K, WIDTH, HEIGHT)
        photograph = Photograph(f"{number}.png", viewmat, K, WIDTH, HEIGHT, 1, HeldPixels(levels(image)))
        references.append(Reference(photograph, image.astype(np.float32), depth.astype(np.float32)))
    found = []
    for eye in ([3.0, 2.4, 0.6], [-2.0, 3.0, 1.0]):
        camera = Camera(camera_at(np.array(eye)), K, WIDTH, HEIGHT)
        image, alpha, depth = draw(camera.viewmat, K, WIDTH, HEIGHT)
        arrays = (0.7 * image, alpha, depth)
        found.append(View(*(array.astype(np.float32) for array in arrays), camera, tuple(references)))
    return found


NAMES = [pytest.param(name, marks=needs_diffusers if name == "difix" else ()) for name in FIXERS.names()]


@pytest.mark.parametrize("name", NAMES)
def test_a_fixer_returns_a_picture_and_its_trust_and_nothing_by_chance(name, request):
    fixer, given = FIXERS.make(spec(name, request)), views()
    kept = [view.render.copy() for view in given]
    together = fixer.fix_all(given)
    assert len(together) == 2
    for view, fixed, before in zip(given, together, kept):
        assert np.array_equal(view.render, before)
        assert fixed.image.shape == (HEIGHT, WIDTH, 3)
        assert fixed.trust.shape == (HEIGHT, WIDTH)
        assert fixed.image.dtype == fixed.trust.dtype == np.float32
        for values in fixed:
            assert values.min() >= 0
            assert values.max() <= 1
        assert fixed.trust.max() > 0.5
        assert not np.array_equal(fixed.image, view.render)
        alone = FIXERS.make(spec(name, request)).fix(*view)
        assert np.array_equal(alone.image, fixed.image)
        assert np.array_equal(alone.trust, fixed.trust)
    assert fixer.fix_all([]) == []


def test_truth_is_the_renderer(request):
    view = views()[0]
    image, trust = FIXERS.make(spec("truth", request)).fix(*view)
    assert np.allclose(image, draw(view.camera.viewmat, K, WIDTH, HEIGHT)[0].clip(0, 1), atol=1e-6)
    assert (trust == 1).all()


def test_a_command_sees_the_nearest_photograph_and_may_say_how_far_to_trust_it(request):
    view = views()[0]
    image, trust = FIXERS.make(spec("command", request)).fix(*view)
    eyes = [one.photograph.viewmat for one in view.references]
    far = [np.linalg.norm(-m[:3, :3].T @ m[:3, 3] - view.camera.centre) for m in eyes]
    nearest = view.references[int(np.argmin(far))].photograph.image()
    assert np.abs(image * 255 - (levels(view.render) / 2 + nearest / 2.0)).max() <= 1
    assert np.array_equal(trust, view.alpha)
    assert np.allclose(FIXERS.make(spec("command", request) + " trust").fix(*view).trust, 0.2)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("dies", "ended with 1: out of memory while loading"),
        ("size", r"Fixed/00000.png: 8 x 8 pixels, must be 45 x 38; \S+ must leave pictures of the size"),
        ("name", r"left 1 of 2 pictures in {output}/Fixed, first missing 00001.png, first unknown one.png"),
        ("text", r"Fixed/00000.png: not a picture"),
    ],
)
def test_what_is_wrong_with_a_command_is_told_in_a_line(fault, words, request):
    with pytest.raises(InputError, match=words if "\\" in words else re.escape(words)) as caught:
        FIXERS.make(spec("command", request) + f" {fault}").fix_all(views())
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("pictures") <= 2


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("command", "must have {input} and {output} in its arguments"),
        ("command:program=fix.sh {input}", "must have {input} and {output} in its arguments"),
        ("command:program='fix.sh {input} {output}", "not a command line (No closing quotation)"),
        ("truth", "must be MODULE:NAME or FILE.py:NAME"),
        ("truth:renderer=moon", "must be MODULE:NAME or FILE.py:NAME"),
        ("difix", "needs model=FOLDER, or its name on the hub"),
        ("nothing", "unknown fixer 'nothing' (choose from consensus, command, difix, truth)"),
    ],
)
def test_a_fixer_that_cannot_be_made_says_why(asked, words):
    with pytest.raises(InputError, match=re.escape(words)):
        FIXERS.make(asked)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("command:program=/no/such {input} {output}", "/no/such: cannot be run (No such file or directory)"),
        ("truth:renderer=no_such_module:draw", "no_such_module: cannot be imported (No module named"),
        ("truth:renderer=/no/such.py:draw", "/no/such.py: cannot be imported ("),
        ("truth:renderer=math:draw", "math has no function or class draw"),
        ("truth:renderer={tools}/renderer.py:small", "returned (4, 45, 3), must be (38, 45, 3)"),
        ("truth:renderer={tools}/renderer.py:bright", "must be uint8, or floating point from 0 to 1"),
        pytest.param("difix:model={tools}/none", "/none: cannot be loaded (", marks=needs_diffusers),
    ],
)
def test_a_fixer_that_cannot_work_says_why(asked, words, tools):
    with pytest.raises(InputError, match=re.escape(words)):
        FIXERS.make(asked.replace("{tools}", str(tools))).fix_all(views())


@pytest.mark.skipif(importlib.util.find_spec("diffusers") is not None, reason="diffusers is installed")
def test_difix_without_diffusers_says_what_to_install():
    with pytest.raises(InputError, match=re.escape("needs diffusers (pip install helios-planetarium[difix])")):
        FIXERS.make("difix:model=somewhere")
