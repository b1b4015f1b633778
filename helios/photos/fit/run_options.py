"""What a training writes besides its result, and how often. Nothing here changes the result."""

from __future__ import annotations

from dataclasses import dataclass

from helios.options import check_limits, option


@dataclass(frozen=True)
class RunOptions:
    """Checkpoints and logs. Raises InputError for a value outside its limits."""

    checkpoint_every: int = option(
        500, "Steps between two states from which a run that was ended goes on; 0 for none.", (0, 1_000_000_000)
    )
    tb_every: int = option(100, "Steps between two values in tb/, for TensorBoard; 0 for no log.", (0, 1_000_000_000))
    tb_save_image: bool = option(True, "Log renders beside photographs, too, whenever held-out ones are judged.")
    lpips_weights: str | None = option(
        None,
        "File or folder with weights of a network (torchvision's alexnet-owt-7be5be79.pth), to judge by LPIPS, too.",
        type=str,
        metavar="PATH",
    )

    def __post_init__(self):
        check_limits(self)
