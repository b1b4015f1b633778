"""What training can be put together from, by name: a new entry is one file and one line here."""

from helios.registry import Registry

IMAGE_LOSSES = Registry(
    "image loss",
    "helios.losses",
    {
        "photometric": "helios.train.loss.photometric:Photometric",
        "charbonnier": "helios.train.loss.charbonnier:Charbonnier",
    },
)
"""`helios.train.loss.ImageLoss`: a frozen dataclass of options, called as (pred, truth, views, view_weights)."""

LOGS = Registry(
    "log",
    "helios.logs",
    {
        "tensorboard": "helios.train.run.tensorboard_log:Tensorboard",
    },
)
"""`helios.train.run.logs.LogKind`: a frozen dataclass of options that opens a log."""

REGULARISERS = Registry(
    "regulariser",
    "helios.regularisers",
    {
        "isotropy": "helios.train.regularisers.isotropy:Isotropy",
        "collapse": "helios.train.regularisers.collapse:Collapse",
        "size": "helios.train.regularisers.size:Size",
        "needle": "helios.train.regularisers.needle:Needle",
    },
)
"""`helios.train.regularisers.Regulariser`: a frozen dataclass of options, called as (log_scales, mask) -> [B]."""

STARTS = Registry(
    "start",
    "helios.starts",
    {
        "mixture": "helios.train.starts.mixture:Mixture",
        "knn": "helios.train.starts.knn:Knn",
        "random": "helios.train.starts.random:Random",
    },
)
"""`helios.train.starts.Start`: a frozen dataclass of options, called as (scene, count)."""

STRATEGIES = Registry(
    "density strategy",
    "helios.strategies",
    {
        "fixed": "helios.train.strategies.fixed:Fixed",
        "default": "helios.train.strategies.default:Default",
        "mcmc": "helios.train.strategies.mcmc:MCMC",
        "spectral": "helios.train.strategies.spectral:Spectral",
        "pursuit": "helios.train.strategies.pursuit:Pursuit",
    },
)
"""`helios.train.strategies.Strategy`: a frozen dataclass of options that begins the control of a batch."""
