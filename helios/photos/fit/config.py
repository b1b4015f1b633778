"""Everything that decides what training makes of photographs, by the names of gsplat's trainer.

Defaults are those of its presets. What differs between these goes with the strategy, but for `init_scale`, of which its
`mcmc` has a tenth. Defaults, units, limits and help stand here only, or on the entry of a registry that owns them.
Torch is not imported: the command shows these as its help.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from helios.errors import InputError
from helios.options import check_limits, option
from helios.photos.density import DENSITY
from helios.photos.starts import STARTS

_STEPS = (0, 1_000_000_000)
_RATE = (0.0, 1e3)
_WEIGHT = (0.0, 1e6)
_PRESET = "[default: 0.01 for mcmc, else 0]"


class _Checked:
    def __post_init__(self):
        check_limits(self)


@dataclass(frozen=True)
class Steps(_Checked):
    """Steps, and what is done after which."""

    max_steps: int = option(30_000, "Steps of the optimiser.", (1, _STEPS[1]))
    steps_scaler: float = option(
        1.0, "Multiply every number of steps, of all options, by this: 0.1 is a tenth of the training.", (1e-6, 1e3)
    )
    batch_size: int = option(1, "Photographs per step; learning rates grow by its square root.", (1, 1000))
    eval_steps: tuple[int, ...] = option((7_000, 30_000), "Judge held-out photographs after these and the last.")
    save_steps: tuple[int, ...] = option((7_000, 30_000), "Write ckpts/ckpt_STEP.pt after these steps and the last.")
    ply_steps: tuple[int, ...] = option((30_000,), "Write ply/point_cloud_STEP.ply after these steps.")
    fix_steps: tuple[int, ...] = option((), "Fix novel views after these steps, and train on them from there on.")
    seed: int = option(0, "Seed of all chance in training.", (0, 2**63 - 1))


@dataclass(frozen=True)
class Drawing(_Checked):
    """How splats are drawn."""

    antialiased: bool = option(
        True,
        "Dim a splat by what the filter of the pixels widens it, so that size and light do not hang on resolution.",
    )
    near_plane: float = option(0.01, "Draw no splat nearer than this, units of the scene.", (1e-9, 1e10))
    far_plane: float = option(1e10, "Draw no splat farther than this, units of the scene.", (1e-9, 1e12))
    packed: bool = option(
        False,
        "Let gsplat keep splats in view only, which takes less memory of a GPU for the same picture. The CPU "
        "rasterisers always do: there both ways give the same bytes.",
    )
    random_bkgd: bool = option(
        False, "Train before a background of a colour by chance, so that what should be solid is not left transparent."
    )
    mask_outside: str = option(
        "background",
        "What a mask leaves out of a photograph is `background`, so that the thing stands by itself, or is "
        "`ignored`: any splats may be there.",
        metavar="background|ignored",
    )

    def __post_init__(self):
        super().__post_init__()
        _one_of("mask-outside", self.mask_outside, ("background", "ignored"))


@dataclass(frozen=True)
class Colour(_Checked):
    """Colours that depend on the direction."""

    sh_degree: int = option(3, "Degree of the spherical harmonics of a splat's colour.", (0, 3))
    sh_degree_interval: int = option(
        1_000, "Raise the degree that is trained by one after so many steps.", (1, _STEPS[1])
    )


@dataclass(frozen=True)
class Losses(_Checked):
    """What is minimised."""

    ssim_lambda: float = option(0.2, "Share of 1 - SSIM in the loss; the rest is the mean absolute error.", (0.0, 1.0))
    opacity_reg: float | None = option(None, f"Weight of the mean opacity. {_PRESET}", _WEIGHT, type=float)
    scale_reg: float | None = option(
        None, f"Weight of the mean size, units of the scene. {_PRESET}", _WEIGHT, type=float
    )


@dataclass(frozen=True)
class Rates(_Checked):
    """Learning rates of Adam."""

    means_lr: float = option(
        1.6e-4,
        "Of positions, times the size of the scene; in a shortened training, where steps_scaler x batch_size is less "
        "than 1, over the root of that, too.",
        _RATE,
    )
    means_lr_final: float = option(0.01, "Share of `means_lr` at the last step.", (1e-9, 1.0))
    scales_lr: float = option(5e-3, "Of the logarithms of sizes.", _RATE)
    opacities_lr: float = option(5e-2, "Of the logits of opacities.", _RATE)
    quats_lr: float = option(1e-3, "Of rotations.", _RATE)
    sh0_lr: float = option(2.5e-3, "Of colours.", _RATE)
    shN_lr: float = option(2.5e-3 / 20, "Of what depends on the direction in colours.", _RATE)
    visible_adam: bool = option(
        False, "Step only the splats that were drawn, with moments as they are (gsplat's SelectiveAdam)."
    )
    sparse_grad: bool = option(False, "Step only the splats that were drawn, with moments corrected (SparseAdam).")

    def __post_init__(self):
        super().__post_init__()
        if self.visible_adam and self.sparse_grad:
            raise InputError("--visible-adam and --sparse-grad are two ways to the same end: give one of them")


@dataclass(frozen=True)
class Cameras(_Checked):
    """Cameras that are trained, too."""

    pose_opt: bool = option(False, "Find the cameras' positions and directions, once the splats have a form.")
    pose_opt_lr: float = option(
        1.0,
        "Share that cameras move in an iteration of the way to where photographs and `pose_opt_reg` want them.",
        (0.0, 1.0),
    )
    pose_opt_reg: float = option(
        1e-4, "Pull of the cameras back to where they were, x what their photographs say of them.", _WEIGHT
    )
    pose_noise: float = option(0.0, "Shake the cameras by this much first, units of the scene and radians.", (0.0, 1.0))


@dataclass(frozen=True)
class Size(_Checked):
    """How many splats, where they come from, and how large the scene is."""

    init_type: str = option(
        "sfm",
        f"What training begins with: {', '.join(STARTS.names())}.",
        metavar="|".join(STARTS.names()),
    )
    init_num_pts: int = option(100_000, "Splats of a random start.", (4, 1_000_000_000))
    init_extent: float = option(3.0, "Half the side of a random start's cube, x the size of the scene.", (1e-6, 1e6))
    init_opa: float | None = option(
        None, "Opacity of a start's splats. [default: 0.5 for mcmc, else 0.1]", (1e-6, 1.0 - 1e-6), type=float
    )
    init_scale: float = option(1.0, "Size of a start's splats, x the distance to their neighbours.", (1e-6, 1e6))
    init_sweep: bool = option(
        True, "Begin a random start where neighbouring photographs agree, not anywhere in its cube."
    )
    strategy: str = option(
        "default",
        f"Where splats are added and removed: {', '.join(DENSITY.names())}; options follow, as in "
        "mcmc:noise_lr=1e5, or as --strategy.noise-lr 1e5.",
        metavar="NAME[:OPTION=VALUE,...]",
    )
    max_gaussians: int = option(1_000_000, "Never more splats than this.", (1, 1_000_000_000))
    global_scale: float = option(
        1.0, "Multiply the size of the scene, which learning rates and limits refer to.", (1e-6, 1e6)
    )

    def __post_init__(self):
        super().__post_init__()
        STARTS.check(self.init_type)
        DENSITY.check(self.strategy.partition(":")[0])


def _one_of(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InputError(f"--{name} {value}: must be {' or '.join(choices)}")


GROUPS: tuple[tuple[str, type], ...] = (
    ("steps", Steps),
    ("size", Size),
    ("drawing", Drawing),
    ("colour", Colour),
    ("losses", Losses),
    ("rates", Rates),
    ("cameras", Cameras),
)
"""The parts of a `FitConfig`, by the names of its fields."""


@dataclass(frozen=True)
class FitConfig:
    """All options of the trainer itself; those of data, starts, density strategies and fixers are theirs."""

    steps: Steps = field(default_factory=Steps)
    size: Size = field(default_factory=Size)
    drawing: Drawing = field(default_factory=Drawing)
    colour: Colour = field(default_factory=Colour)
    losses: Losses = field(default_factory=Losses)
    rates: Rates = field(default_factory=Rates)
    cameras: Cameras = field(default_factory=Cameras)

    def last(self) -> int:
        """The number of steps in all, scaled."""
        return self.scaled(self.steps.max_steps)

    def pace(self) -> float:
        """What the rate of positions is multiplied by: more than 1 in a shortened training.

        The way that Adam goes in steps of about its rate, now to one side and now to the other, grows with the root of
        their number; so it stays that of the whole training.
        """
        return max(1.0, 1.0 / math.sqrt(self.steps.steps_scaler * self.steps.batch_size))

    def scaled(self, steps: int) -> int:
        """A number of steps, at least 1, times `steps_scaler`, rounded down as gsplat's trainer does."""
        return max(1, int(steps * self.steps.steps_scaler))

    def scaled_all(self, steps: tuple[int, ...]) -> frozenset[int]:
        """These steps, scaled, of which there are so many in all."""
        return frozenset(step for step in map(self.scaled, steps) if step <= self.last())
