"""What training can be put together from, by name: a new entry is one file and one line here."""

from helios.registry import Registry

IMAGE_LOSSES = Registry(
    "image loss",
    "helios.losses",
    {
        "photometric": "helios.training.loss.photometric:Photometric",
        "charbonnier": "helios.training.loss.charbonnier:Charbonnier",
    },
)
"""`helios.training.loss.ImageLoss`: a frozen dataclass of options, called as (pred, truth, views, view_weights)."""

LOGS = Registry(
    "log",
    "helios.logs",
    {
        "tensorboard": "helios.training.run.tensorboard_log:Tensorboard",
    },
)
"""`helios.training.run.logs.LogKind`: a frozen dataclass of options that opens a log."""

REGULARISERS = Registry(
    "regulariser",
    "helios.regularisers",
    {
        "isotropy": "helios.training.regularisers.isotropy:Isotropy",
        "collapse": "helios.training.regularisers.collapse:Collapse",
        "size": "helios.training.regularisers.size:Size",
        "needle": "helios.training.regularisers.needle:Needle",
    },
)
"""`helios.training.regularisers.Regulariser`: a frozen dataclass of options, called as (log_scales, mask) -> [B]."""

STARTS = Registry(
    "start",
    "helios.starts",
    {
        "mixture": "helios.training.starts.mixture:Mixture",
        "knn": "helios.training.starts.knn:Knn",
        "random": "helios.training.starts.random:Random",
    },
)
"""`helios.training.starts.Start`: a frozen dataclass of options, called as (scene, count)."""

STRATEGIES = Registry(
    "density strategy",
    "helios.strategies",
    {
        "fixed": "helios.training.strategies.fixed:Fixed",
        "default": "helios.training.strategies.default:Default",
        "mcmc": "helios.training.strategies.mcmc:MCMC",
        "spectral": "helios.training.strategies.spectral:Spectral",
        "pursuit": "helios.training.strategies.pursuit:Pursuit",
    },
)
"""`helios.training.strategies.Strategy`: a frozen dataclass of options that begins the control of a batch."""
