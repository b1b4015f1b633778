"""What training can be put together from, by name: a new entry is one file and one line here."""

from helios.registry import Registry

IMAGE_LOSSES = Registry(
    "image loss",
    "helios.losses",
    {
        "fused": "helios.train.loss.fused_loss:fused_image_loss",
        "torch": "helios.train.loss.losses:image_loss",
        "triton": "helios.train.loss.triton_loss:triton_image_loss",
    },
)
"""(pred [B, C, H, W, 3], truth [B, V, H, W, 3], views [B, C], *, lambda_dssim, lambda_flux) -> loss per cell [B]."""

LOGS = Registry(
    "log",
    "helios.logs",
    {
        "tensorboard": "helios.train.run.tensorboard_log:TensorboardLog",
    },
)
"""(folder, backend) -> `helios.train.run.logs.Log`."""

REGULARISERS = Registry(
    "regulariser",
    "helios.regularisers",
    {
        "isotropy": "helios.train.loss.regularisers:isotropy",
        "collapse": "helios.train.loss.regularisers:collapse",
        "size": "helios.train.loss.regularisers:size",
        "needle": "helios.train.loss.regularisers:needle",
    },
)
"""(model, config) -> loss per cell [B]."""

STARTS = Registry(
    "start",
    "helios.starts",
    {
        "mixture": "helios.train.starts.mixture:mixture_start",
        "knn": "helios.train.starts.knn:knn_start",
        "random": "helios.train.starts.knn:random_start",
    },
)
"""(scene, count) -> (splats in the scene's frame, how many of them, the first, are stars to be left as they are)."""

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
