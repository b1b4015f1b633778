"""How a training run is kept and watched. Nothing here changes what a cell is trained to."""

import dataclasses
from pathlib import Path

from helios.options import check_limits, option


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Settings of a run that leave no mark in its result, and so are no part of `TrainConfig.digest`.

    Raises InputError, naming option, value and limit, for what cannot be.
    """

    checkpoint_every: int = option(
        0, "Steps after which the state of the cells in training is put on disk again; 0 for never.", (0, 1_000_000)
    )
    log: str | None = option(None, "Log how each cell trains: tensorboard.", type=str, metavar="NAME")
    log_to: str | None = option(
        None, "Folder of the log, with a folder in it for each cell. [default: OUTPUT_logs]", type=str, metavar="FOLDER"
    )
    log_every: int = option(
        10, "Steps between two values in the log; a picture comes with every tenth of them.", (1, 1_000_000)
    )

    def __post_init__(self):
        check_limits(self)

    def log_folder(self, output: Path) -> Path:
        """Where the log goes of a run that writes to `output`: not into it, as a universe is replaced as a whole."""
        return Path(self.log_to) if self.log_to else output.with_name(f"{output.name}_logs")
