"""Every density strategy keeps light, caps and kept stars, and goes on from its state; each does what it is there for.

Training runs are small: cells of 40 to 64 stars over two magnitudes, images of 48 pixels, a round every five steps, so
that there are many. What a strategy is for is shown on splats whose right answer is known beforehand: a needle along a
known axis, a faint splat beside two others, two clumps of stars and one splat for both, a star that is missing.
"""

import copy
import dataclasses

import numpy as np
import pytest
import torch

from helios.rendering import pick_backend
from helios.splats import Splats
from helios.training.config import TrainConfig
from helios.training.optim.adam import Adam
from helios.training.optim.model import COLUMNS, Model
from helios.training.optim.optimise import Optimisation
from helios.training.registries import STRATEGIES
from helios.training.regularisers.needle import spectral_entropy
from helios.training.run.engine import start_of
from helios.training.scene import Scene
from helios.training.starts.mixture import point_splats
from helios.training.strategies import Batch
from helios.training.strategies.default import SCREEN
from helios.training.strategies.missing_light import _CELLS_AT_ONCE, MissingLight
from helios.training.strategies.rounds import Rounds
from helios.training.strategies.shapes import shown_light
from helios.training.strategies.slots import FILTER_SIGMA, open_cells
from tests.unit.training.scenes import cell_of, cluster

CONFIG = TrainConfig(iterations=40, image_size=48, densify_interval=5, densify_until=35, lambda_isotropy=0.0, seed=3)
SPECS = {name: name for name in STRATEGIES.names()} | {"default": "default:grow_grad2d=0.001"}
"""As the option `--strategy` has it: with a threshold that scenes as small as these pass."""
ACTIVE = [name for name in SPECS if name != "fixed"]
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def backend():
    return pick_backend("numba")


@pytest.fixture(scope="module")
def prepared():
    """Three scenes of budgets of one padded size."""
    scenes = []
    for stars in (40, 52, 64):
        rng = np.random.default_rng(stars)
        light = 1e-12 * 10.0 ** (-0.4 * rng.uniform(0, 2, stars))
        scenes.append(Scene.of(cell_of(rng.uniform(-0.7, 0.7, (stars, 3)), light, theta=stars % 16), CONFIG))
    return scenes


def begin(scenes, config, backend, kept: int = 0) -> Optimisation:
    """An optimisation of fresh copies of `scenes` from random starts, the first `kept` splats of each left alone."""
    scenes = [dataclasses.replace(scene, rng=copy.deepcopy(scene.rng)) for scene in scenes]
    starts = [start_of(scene, dataclasses.replace(config, start="random"))[0] for scene in scenes]
    return Optimisation(scenes, starts, [kept] * len(scenes), config, backend)


def run(optimisation: Optimisation, steps: int) -> Optimisation:
    for _ in range(steps):
        optimisation.advance()
    return optimisation


def snapshot(optimisation: Optimisation) -> dict[str, torch.Tensor]:
    model = optimisation.model
    return {name: getattr(model, name).clone() for name in ("params", "anchors", "strides", "mask", "kept")}


def light_of(model: Model) -> np.ndarray:
    """The light [B] that the splats of each cell show."""
    shown = shown_light(model.params[..., 10].numpy(), model.params[..., COLUMNS["log_scales"]].numpy())
    return np.where(model.mask.numpy(), shown, 0.0).sum(axis=1)


class TestEvery:
    @pytest.mark.parametrize("name", ACTIVE)
    def test_rounds_keep_light_caps_kept_stars_and_empty_slots(self, prepared, backend, name):
        optimisation = begin(prepared, dataclasses.replace(CONFIG, strategy=SPECS[name]), backend, kept=3)
        model, act, made_over = optimisation.model, optimisation.density.act, 0
        first, caps = snapshot(optimisation), model.caps.tolist()
        assert model.kept.sum(dim=1).tolist() == [3, 3, 3]

        def watched(step):
            nonlocal made_over
            before, light = snapshot(optimisation), light_of(model)
            act(step)
            np.testing.assert_allclose(light_of(model), light, rtol=1e-5)
            made_over += int((before["params"][..., 10] != model.params[..., 10]).sum())
            assert all(used <= cap for used, cap in zip(model.mask.sum(dim=1).tolist(), caps))
            assert not optimisation.adam.exp_avg[~model.mask].any()

        optimisation.density.act = watched
        run(optimisation, CONFIG.iterations)
        assert torch.equal(model.kept, first["kept"])
        for key in ("params", "anchors", "strides"):
            assert torch.equal(getattr(model, key)[model.kept], first[key][first["kept"]])
        # Needles have to grow before they can be split.
        assert made_over > 0 or name == "spectral"

    @pytest.mark.parametrize("name", STRATEGIES.names())
    def test_a_cell_fares_the_same_in_any_batch(self, prepared, backend, name):
        config = dataclasses.replace(CONFIG, strategy=SPECS[name])
        together = snapshot(run(begin(prepared, config, backend), CONFIG.iterations))
        alone = snapshot(run(begin(prepared[1:2], config, backend), CONFIG.iterations))
        for key, tensor in alone.items():
            assert torch.equal(tensor[0], together[key][1]), key

    @pytest.mark.parametrize("name", STRATEGIES.names())
    def test_it_goes_on_from_its_state_bit_for_bit(self, prepared, backend, name):
        """Broken off between two rounds, so that what was noted since the last one counts."""
        config = dataclasses.replace(CONFIG, strategy=SPECS[name])
        whole = run(begin(prepared, config, backend), 40)
        half = run(begin(prepared, config, backend), 18)
        rest = begin(prepared, config, backend)
        rest.restore(half.state())
        run(rest, 22)
        for key, tensor in snapshot(whole).items():
            assert torch.equal(tensor, snapshot(rest)[key]), key
        assert torch.equal(whole.adam.exp_avg_sq, rest.adam.exp_avg_sq)

    @pytest.mark.parametrize("name", ACTIVE)
    def test_a_cell_past_help_is_left_alone(self, prepared, backend, name):
        optimisation = begin(prepared, dataclasses.replace(CONFIG, strategy=SPECS[name]), backend)
        run(optimisation, 4)
        optimisation.model.params[1, 2, 8] = torch.nan
        params = optimisation.model.params[1].clone()
        optimisation.density.act(5)
        noise = COLUMNS["offsets"] if name == "mcmc" else slice(0, 0)
        params[:, noise] = optimisation.model.params[1, :, noise]
        torch.testing.assert_close(optimisation.model.params[1], params, rtol=0, atol=0, equal_nan=True)

    @pytest.mark.gpu
    @pytest.mark.parametrize("name", STRATEGIES.names())
    def test_a_gpu_does_the_same(self, prepared, name):
        """One round on equal parameters and gradients; images are drawn by another rasteriser there."""
        if not torch.cuda.is_available():
            pytest.skip("torch sees no CUDA device")
        if name == "pursuit":
            pytest.skip("pursuit looks at images, which differ where gsplat drops coverage below 1/255")
        outcomes = []
        for device in (CPU, torch.device("cuda")):
            scenes = [dataclasses.replace(scene, rng=np.random.default_rng(1)) for scene in prepared]
            starts, kept = zip(*(start_of(s, dataclasses.replace(CONFIG, start="random")) for s in scenes))
            model = Model.of(starts, 16, device, kept, [16] * 3)
            backend = pick_backend("numba" if device is CPU else "gsplat")
            density = STRATEGIES.make(SPECS[name]).begin(Batch(model, Adam(model, 1e-3), scenes, CONFIG, backend))
            density.observe(torch.randn(model.params.shape, generator=torch.Generator().manual_seed(0)).to(device))
            density.act(5)
            outcomes.append((model.params.cpu(), model.means.cpu(), model.mask.cpu()))
        for ours, theirs in zip(*outcomes):
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def splats(means, scales, light, quat=(1.0, 0.0, 0.0, 0.0)) -> Splats:
    """White splats of the given `scales` [K, 3] and 2 pi tau sigma^2 [K], all turned by `quat`."""
    scales, count = np.asarray(scales, np.float32), len(means)
    tau = np.asarray(light) / (2 * np.pi * np.prod(scales, axis=1) ** (2 / 3))
    ones = np.ones((count, 3), np.float32)
    return Splats(np.asarray(means, np.float32), np.float32([quat] * count), scales, tau.astype(np.float32), ones)


def rounds(spec: str, start: Splats, scene: Scene, cap: int, seed: int = 5, **settings) -> tuple[Rounds, Model, Adam]:
    """A strategy, as the option has it, about to act on `start` in 8 slots, of which `cap` may be used."""
    config = dataclasses.replace(CONFIG, **settings)
    model = Model.of([start], 8, CPU, caps=[cap])
    adam = Adam(model, config.learning_rate)
    scene = dataclasses.replace(scene, rng=np.random.default_rng(seed))
    batch = Batch(model, adam, [scene], config, pick_backend("numba"))
    return STRATEGIES.make(spec).begin(batch), model, adam


def in_use(model: Model) -> Splats:
    return model.splats()[0]


def bright(scene: Scene) -> float:
    """The light of a point that peaks at 1, far above the threshold of pruning."""
    return 2 * np.pi * 0.5 * 25.0 / (scene.exposure * (24 / np.tan(np.pi / 6)) ** 2)


class TestSpectral:
    AXIS = np.array([0.6, 0.0, 0.8])
    QUAT = (np.sqrt(0.5), 0.0, -np.sqrt(0.5), 0.0)
    """A quarter turn about y, which takes x to z."""

    def test_a_needle_is_halved_along_its_axis_into_two_rounder_ones(self, prepared):
        scene = prepared[0]
        needle = splats([[0.1, 0.2, 0.3]], [[0.2, 0.04, 0.04]], [bright(scene)], self.QUAT)
        strategy, model, _ = rounds("spectral", needle, scene, cap=4)
        light = light_of(model)
        strategy.act(5)
        halves = in_use(model)
        assert len(halves) == 2
        np.testing.assert_allclose(light_of(model), light, rtol=1e-5)
        np.testing.assert_allclose(halves.means.mean(axis=0), [0.1, 0.2, 0.3], atol=1e-6)
        apart = np.abs(halves.means[0] - halves.means[1])
        np.testing.assert_allclose(apart, [0, 0, 0.2 * np.sqrt(3)], atol=1e-5)
        np.testing.assert_allclose(halves.scales, [[0.1, 0.04, 0.04]] * 2, rtol=1e-5)
        entropy = spectral_entropy(torch.tensor(np.log(np.concatenate([needle.scales, halves.scales]))))
        assert (entropy[1:] > entropy[0] + 0.2).all()

    def test_balls_discs_and_needles_too_small_to_see_stay(self, prepared):
        tiny = 0.5 * FILTER_SIGMA
        shapes = [[0.1, 0.1, 0.1], [0.1, 0.1, 0.001], [tiny, 0.1 * tiny, 0.1 * tiny]]
        start = splats(0.3 * np.eye(3), shapes, [bright(prepared[0])] * 3)
        strategy, model, _ = rounds("spectral", start, prepared[0], cap=8)
        strategy.act(5)
        np.testing.assert_allclose(np.sort(in_use(model).scales, axis=0), np.sort(start.scales, axis=0), rtol=1e-5)

    def test_at_the_cap_the_least_of_the_others_makes_room(self, prepared):
        scene = prepared[0]
        light = bright(scene) * np.array([1.0, 1.0, 1.0, 0.01])
        means = [[0.1, 0.2, 0.3], [-0.5, 0, 0], [0, -0.5, 0], [0.05, -0.5, 0]]
        start = splats(means, [[0.2, 0.02, 0.02], *[[0.05] * 3] * 3], light)
        strategy, model, _ = rounds("spectral", start, scene, cap=4)
        strategy.act(5)
        after = in_use(model)
        assert len(after) == 4
        assert sorted(np.round(after.luminosities / bright(scene), 1)) == pytest.approx([0.7, 0.7, 1.0, 1.0], abs=0.11)
        assert not np.isclose(after.means[:, 0], 0.05, atol=1e-3).any()


class TestDefault:
    def pulled(self, scene, sizes, cap, pull, **settings):
        """Balls in a row along x; `pull` [K, 3] is the gradient at each, in screen units."""
        count = len(sizes)
        means = np.stack([np.linspace(-0.8, 0.8, count), 0 * np.arange(count), 0 * np.arange(count)], axis=1)
        start = splats(means, np.repeat(np.array(sizes)[:, None], 3, axis=1), [bright(scene)] * count)
        strategy, model, _ = rounds("default:grow_grad2d=1", start, scene, cap, **settings)
        grad = torch.zeros_like(model.params)
        grad[0, :count, :3] = torch.tensor(pull) * model.strides[0, :count] / SCREEN
        strategy.observe(grad)
        strategy.act(5)
        return start, in_use(model), model

    def test_small_splats_are_cloned_down_the_gradient_and_large_ones_split(self, prepared):
        start, after, model = self.pulled(
            prepared[0], [0.008, 0.05, 0.05], 8, [[0.0, 0.0, 2.0], [0.0, 2.0, 0.0], [0.0, 0.5, 0.0]]
        )
        assert len(after) == 5
        np.testing.assert_allclose(light_of(model), start.luminosities.sum(), rtol=1e-5)
        small = after.means[np.isclose(after.scales[:, 0], 0.008)]
        np.testing.assert_allclose(small[small[:, 2].argsort()], [[-0.8, 0, -0.008], [-0.8, 0, 0]], atol=1e-6)
        halves = after.means[np.isclose(after.scales[:, 0], 0.05 * np.sqrt(2 / 3))]
        assert len(halves) == 2
        assert np.linalg.norm(halves[0] - halves[1]) == pytest.approx(0.1, rel=1e-4)
        assert np.isclose(after.means, [0.8, 0, 0], atol=1e-6).all(axis=1).sum() == 1

    def test_room_under_the_cap_goes_to_those_with_most_to_gain(self, prepared):
        _, after, _ = self.pulled(prepared[0], [0.02, 0.08, 0.04], 4, [[3.0, 0.0, 0.0]] * 3, densify_until=5)
        assert len(after) == 4
        assert np.isclose(after.scales[:, 0], 0.08 * np.sqrt(2 / 3)).sum() == 2

    def test_a_round_judges_what_pulled_since_the_last_one(self, prepared):
        start = splats([[0.5, 0, 0]], [[0.05] * 3], [bright(prepared[0])])
        strategy, model, _ = rounds("default:grow_grad2d=1", start, prepared[0], cap=8)
        counts = []
        for step, pull in ((5, 9.0), (10, 0.5), (15, 9.0)):
            strategy.observe(torch.where(model.mask[..., None], pull / SCREEN * model.strides, 0.0).expand(-1, -1, 14))
            strategy.act(step)
            counts.append(len(in_use(model)))
        assert counts == [2, 2, 4]

    def test_an_undercovered_scene_makes_it_grow(self, prepared, backend):
        """Two clumps of stars and one splat for both; the budget is two."""
        rng = np.random.default_rng(0)
        clumps = np.repeat([[0.6, 0, 0], [-0.6, 0, 0]], 20, axis=0) + rng.normal(0, 0.03, (40, 3))
        config = dataclasses.replace(CONFIG, ratio=0.05, iterations=120, densify_until=50)
        losses = []
        for name in ("fixed", "default"):
            scene = Scene.of(cell_of(clumps, np.full(40, 1e-12)), config)
            light = float(scene.cell.emitters.luminosities.sum(dtype=np.float64))
            one = splats([[0.0, 0.0, 0.0]], [[0.3, 0.3, 0.3]], [light])
            optimisation = Optimisation([scene], [one], [0], dataclasses.replace(config, strategy=SPECS[name]), backend)
            optimisation.model.caps[:] = 2
            run(optimisation, config.iterations)
            losses.append(float(optimisation.objective.losses()[0]))
        ends = np.sort(optimisation.model.splats()[0].means[:, 0])
        assert len(ends) == 2
        assert ends[0] < -0.4 < 0.4 < ends[1]
        assert losses[1] < 0.7 * losses[0]

    def test_faint_splats_go_and_their_light_stays_with_their_neighbour(self, prepared):
        scene = prepared[0]
        light = bright(scene) * np.array([1.0, 1.0, 0.005])
        start = splats([[0.5, 0, 0], [-0.5, 0, 0], [0.4, 0, 0]], [[0.05] * 3] * 3, light)
        strategy, model, _ = rounds("default:grow_grad2d=0.001", start, scene, cap=3)
        strategy.act(5)
        after = in_use(model)
        shown = shown_light(np.log(after.luminosities), np.log(after.scales))
        np.testing.assert_allclose(shown / bright(scene), [1.005, 1.0], rtol=1e-5)
        np.testing.assert_allclose(after.means[0], [(0.5 + 0.005 * 0.4) / 1.005, 0, 0], atol=1e-6)

    def test_the_last_splats_stay_however_faint(self, prepared):
        start = splats([[0.5, 0, 0], [-0.5, 0, 0]], [[0.05] * 3] * 2, [1e-6 * bright(prepared[0])] * 2)
        strategy, model, _ = rounds("default:grow_grad2d=0.001", start, prepared[0], cap=3)
        strategy.act(5)
        assert len(in_use(model)) == 2

    def test_a_reset_shares_the_light_equally(self, prepared):
        light = bright(prepared[0]) * np.array([1.0, 2.0, 6.0])
        start = splats(0.3 * np.eye(3), [[0.05] * 3] * 3, light)
        strategy, model, _ = rounds("default:grow_grad2d=0.001,reset_interval=10", start, prepared[0], cap=3)
        strategy.act(5)
        np.testing.assert_allclose(np.sort(in_use(model).luminosities), light, rtol=1e-5)
        strategy.act(10)
        np.testing.assert_allclose(in_use(model).luminosities, light.mean(), rtol=1e-5)


class TestMCMC:
    def test_dead_splats_move_to_living_ones_drawn_by_light(self, prepared):
        """One is dead, one of two others has all but a thousandth of the light: it is the one that is halved."""
        scene = prepared[0]
        light = bright(scene) * np.array([100.0, 0.1, 0.005])
        start = splats([[0.5, 0, 0], [-0.5, 0, 0], [-0.4, 0, 0]], [[0.05] * 3] * 3, light)
        for seed in range(8):
            strategy, model, _ = rounds("mcmc:noise_lr=0", start, scene, cap=3, seed=seed)
            strategy.act(5)
            after = in_use(model)
            assert len(after) == 3
            np.testing.assert_allclose(after.luminosities[:2] / bright(scene), 50.0, rtol=1e-4)
            assert np.linalg.norm(after.means[:2] - [0.5, 0, 0], axis=1) == pytest.approx(0.05, rel=1e-4)

    def test_it_grows_to_the_cap_and_no_further(self, prepared):
        start = splats(0.3 * np.eye(3), [[0.05] * 3] * 3, [bright(prepared[0])] * 3)
        strategy, model, _ = rounds("mcmc:noise_lr=0", start, prepared[0], cap=5)
        counts = []
        for step in (5, 10, 15, 20):
            strategy.act(step)
            counts.append(len(in_use(model)))
        assert counts == [4, 5, 5, 5]

    def test_only_what_is_transparent_wanders_and_in_units_of_its_size(self, prepared):
        light = bright(prepared[0]) * np.array([1e-4, 1e-4, 1.0])
        start = splats(0.3 * np.eye(3), [[0.1] * 3, [0.02] * 3, [0.02] * 3], light)
        strategy, model, _ = rounds("mcmc:noise_lr=5", start, prepared[0], cap=3, densify_interval=0)
        before = model.means[0, :3].clone()
        for step in range(1, 30):
            strategy.act(step)
        moved = (model.means[0, :3] - before).norm(dim=1)
        assert moved[0] == pytest.approx(5.0 * float(moved[1]), rel=2.0)
        assert moved[1] > 0.01 * 0.02
        assert moved[2] < 1e-4 * moved[1]


class TestPursuit:
    def test_a_missing_star_is_found_where_it_is_with_its_light_and_colour(self):
        """Seven of eight stars are there; the one that lacks is red and neither the brightest nor the faintest."""
        rng = np.random.default_rng(4)
        light, colors = 1e-12 * np.array([30, 20, 12, 8, 5, 3, 2, 1.0]), np.ones((8, 3))
        colors[3] = np.array([2.0, 0.75, 0.52]) / (np.array([2.0, 0.75, 0.52]) @ [0.2126, 0.7152, 0.0722])
        config = dataclasses.replace(CONFIG, image_size=128)
        scene = Scene.of(cell_of(rng.uniform(-0.6, 0.6, (8, 3)), light, colors), config)
        stars, others = scene.cell.emitters, np.array([0, 1, 2, 4, 5, 6, 7])
        model = Model.of([point_splats(stars, 1.0, others)], 8, CPU)
        for turn in (0, 5):
            (spots,) = MissingLight(model, [scene], 128, pick_backend("numba")).find(turn)
            assert np.linalg.norm(spots.means[0] - stars.means[3]) < 2.0 * FILTER_SIGMA
            assert spots.light[0] == pytest.approx(stars.luminosities[3], rel=0.1)
            np.testing.assert_allclose(spots.colors[0], stars.colors[3], rtol=0.1)
            assert (spots.light[1:] < 0.05 * stars.luminosities[3]).all()

    def test_cells_searched_together_are_searched_as_they_are_alone(self, prepared, monkeypatch):
        """As on a GPU: three cells in one go, on splats that have nothing in common with the stars."""
        starts = [start_of(copy.deepcopy(s), dataclasses.replace(CONFIG, start="random"))[0] for s in prepared]
        missing = MissingLight(Model.of(starts, 16, CPU), prepared, 48, pick_backend("numba"))
        alone = missing.find(2)
        monkeypatch.setitem(_CELLS_AT_ONCE, "cpu", 16)
        for one, other in zip(alone, missing.find(2), strict=True):
            assert len(one.means) > 1
            for field in dataclasses.fields(one):
                np.testing.assert_allclose(getattr(other, field.name), getattr(one, field.name), rtol=1e-3, atol=1e-5)

    def test_a_point_is_made_of_the_light_that_stood_for_it(self, backend):
        """A wide splat stands for a bright star and much else; room is there."""
        rng = np.random.default_rng(4)
        means, light = rng.uniform(-0.5, 0.5, (41, 3)), np.append(1e-12 * np.ones(40), 4e-11)
        scene = Scene.of(cell_of(means, light), dataclasses.replace(CONFIG, image_size=128))
        total = float(scene.cell.emitters.luminosities.sum(dtype=np.float64))
        start = splats([[0.0, 0.0, 0.0]], [[0.3] * 3], [total])
        strategy, model, _ = rounds("pursuit", start, scene, cap=2, image_size=128)
        strategy.act(5)
        point = in_use(model)
        assert len(point) == 2
        np.testing.assert_allclose(light_of(model), total, rtol=1e-5)
        nearest = np.linalg.norm(point.means - scene.cell.emitters.means[40], axis=1)
        assert nearest.min() < 3.0 * FILTER_SIGMA
        assert point.scales[nearest.argmin()].max() < 0.5 * FILTER_SIGMA
        assert point.luminosities[nearest.argmin()] == pytest.approx(scene.cell.emitters.luminosities[40], rel=0.5)

    def test_from_a_random_start_it_ends_far_ahead_of_no_density_control(self, backend):
        config = TrainConfig(iterations=150, image_size=96, start="random", densify_interval=10, densify_until=130)
        losses = {}
        for name in ("fixed", "pursuit"):
            optimisation = begin(
                [Scene.of(cluster(64, 3), config)], dataclasses.replace(config, strategy=name), backend
            )
            losses[name] = float(run(optimisation, config.iterations).objective.losses()[0])
        assert losses["pursuit"] < 0.6 * losses["fixed"]


def test_the_cells_of_a_batch_are_opened_one_by_one_and_put_back(prepared):
    model = Model.of([splats(0.3 * np.eye(3), [[0.05] * 3] * 3, [1.0] * 3)] * 2, 8, CPU)
    for b, slots in open_cells(model, Adam(model, 1e-3)):
        slots.merge(0, b + 1)
    assert model.mask[:, :3].tolist() == [[False, True, True]] * 2
    assert model.log_luminosities[0, 1] > model.log_luminosities[0, 2]
    assert model.log_luminosities[1, 2] > model.log_luminosities[1, 1]
