"""Checkpoints and logs of a training run. Nothing here changes the result of training."""

import dataclasses
from pathlib import Path

from helios.options import check_limits, option
from helios.training.registries import LOGS


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Settings of a run that do not affect its result, and so are no part of `TrainConfig.digest`.

    Raises InputError, naming option, value and limit, for values outside their limits.
    """

    checkpoint_every: int = option(
        0, "Steps between two checkpoints of the cells in training; 0 for none.", (0, 1_000_000)
    )
    log: str | None = option(
        None,
        f"Log how each cell trains: {', '.join(LOGS.names())}; options follow, as in tensorboard:pictures=false.",
        type=str,
        metavar="NAME[:OPTION=VALUE,...]",
    )
    log_to: str | None = option(
        None, "Folder of the log, with a folder in it for each cell. [default: OUTPUT_logs]", type=str, metavar="FOLDER"
    )
    log_every: int = option(
        10, "Steps between two values in the log; a picture comes with every tenth of them.", (1, 1_000_000)
    )

    def __post_init__(self):
        check_limits(self)

    def log_folder(self, output: Path) -> Path:
        """Return the folder for the log of a run that writes to `output`.

        It is not inside `output` by default, as a universe is replaced as a whole.
        """
        return Path(self.log_to) if self.log_to else output.with_name(f"{output.name}_logs")
