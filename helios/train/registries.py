"""What training can be put together from, by name: a new entry is one file and one line here."""

from helios.registry import Registry

IMAGE_LOSSES = Registry(
    "image loss",
    {
        "fused": "helios.train.fused_loss:fused_image_loss",
        "torch": "helios.train.losses:image_loss",
        "triton": "helios.train.triton_loss:triton_image_loss",
    },
)
"""(pred [B, C, H, W, 3], truth [B, V, H, W, 3], views [B, C], *, lambda_dssim, lambda_flux) -> loss per cell [B]."""

LOGS = Registry(
    "log",
    {
        "tensorboard": "helios.train.tensorboard_log:TensorboardLog",
    },
)
"""(folder, backend) -> `helios.train.logs.Log`."""

REGULARISERS = Registry(
    "regulariser",
    {
        "isotropy": "helios.train.regularisers:isotropy",
        "collapse": "helios.train.regularisers:collapse",
        "size": "helios.train.regularisers:size",
        "needle": "helios.train.regularisers:needle",
    },
)
"""(model, config) -> loss per cell [B]."""

STARTS = Registry(
    "start",
    {
        "mixture": "helios.train.start:mixture_start",
        "knn": "helios.train.start_random:knn_start",
        "random": "helios.train.start_random:random_start",
    },
)
"""(scene, count) -> (splats in the scene's frame, how many of them, the first, are stars to be left as they are)."""

STRATEGIES = Registry(
    "density strategy",
    {
        "fixed": "helios.train.strategies:Fixed",
        "default": "helios.train.strategies.default:Default",
        "mcmc": "helios.train.strategies.mcmc:MCMC",
        "spectral": "helios.train.strategies.spectral:Spectral",
        "pursuit": "helios.train.strategies.pursuit:Pursuit",
    },
)
"""(model, adam, scenes, config) -> `helios.train.strategies.Strategy`."""
