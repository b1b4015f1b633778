"""The curve of losses alone, as a picture for other documents."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from helios.errors import InputError
from helios.reporting.training import curve_table


def require_matplotlib() -> None:
    """Raise InputError, with the remedy, where the package of the extra `report` is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise InputError(
            f"--convergence: needs the package {error.name}: pip install 'helios-planetarium[report]'"
        ) from error


def convergence_png(curves: NDArray[np.float64]) -> bytes:
    """Return the chart of loss `curves` [C, P] of `helios.reporting.training.TrainedCells.loss_curves` as a PNG.

    The same curves give the same bytes, with one version of matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    rows = curve_table(curves)
    part, low, middle, high = (np.array(column, np.float64) for column in zip(*(row.values() for row in rows)))
    share = (part - 0.5) * 100.0 / curves.shape[1]
    figure = Figure(figsize=(8.0, 5.0), dpi=120, layout="constrained")
    axes = figure.add_subplot()
    axes.fill_between(share, low, high, alpha=0.25, linewidth=0, label="80 % of the cells")
    axes.plot(share, middle, marker="o", markersize=4, label="median cell")
    axes.set(xlabel="share of the training (%)", ylabel="loss (1 at the start)", yscale="log", xlim=(0, 100))
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(f"Convergence of {len(curves):,} cells")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    file = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(file, format="png", metadata={"Software": None})
    return file.getvalue()
