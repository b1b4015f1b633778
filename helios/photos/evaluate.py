"""Judges a trained scene by its held-out photographs, or by another data set that shows the same thing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helios.errors import InputError
from helios.photos.data.dataset import DataOptions, Dataset, load_dataset
from helios.photos.judging import judge_photographs, metrics_named, write_judged
from helios.photos.other_set import OtherSet
from helios.photos.results import Result, flat_name
from helios.photos.trained import load_trained

if TYPE_CHECKING:
    from helios.rendering.opaque.contract import OpaqueBackend


@dataclass(frozen=True)
class Evaluation:
    """The content of the file of scores, and where it is."""

    content: dict[str, Any]
    stats: Path


def evaluate(
    folder: Path,
    backend: OpaqueBackend,
    metrics: Sequence[str],
    *,
    step: int | None = None,
    data: Path | None = None,
    data_factor: int | None = None,
    trained_on: Path | None = None,
    lpips_weights: Path | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> Evaluation:
    """Judge the result in `folder` after `step` steps, None for the last, and write to its stats/ and renders/.

    By the photographs held out of its data set, which is where cfg.json says or in `trained_on`: stats/val_stepN.json.
    With `data`, by the photographs of that data set, reduced by `data_factor`, None for that of training, as
    `helios.photos.other_set` has it: stats/other_NAME_stepN.json. `note` is told lines to print. Raises InputError for
    what cannot be used and for a `data` that shows something else, StoreError for a damaged result.
    """
    chosen = metrics_named(metrics, lpips_weights)
    trained = load_trained(folder, step, backend.device)
    known = trained.dataset(trained_on)
    result, step = Result(folder), trained.step
    facts: dict[str, Any] = {}
    if (net := getattr(chosen.get("lpips"), "net", None)) is not None:
        facts["lpips_net"] = net
    if data is None:
        if not known.test:
            raise InputError(f"{folder}: no photograph was held out of training; name others (--data FOLDER)")
        stats = result.stats(step)
        judged = judge_photographs(trained, known.test, backend, chosen)
        return Evaluation(write_judged(trained, judged, stats, lambda name: result.render(step, name), facts), stats)
    factor = trained.config["options"]["data_factor"] if data_factor is None else data_factor
    other = OtherSet.of(trained, known, _photographs(data, factor, note), data, backend)
    for line in other.words():
        note(line)
    label = f"other_{flat_name(data.resolve().name + '.')}_step{step}"
    stats = folder / "stats" / f"{label}.json"
    facts |= {"data": str(data), **other.facts()}
    judged = judge_photographs(trained, other.judged, backend, chosen, other.covisible)
    content = write_judged(
        trained, judged, stats, lambda name: folder / "renders" / f"{label}_{flat_name(name)}.png", facts
    )
    return Evaluation(content, stats)


def _photographs(data: Path, factor: int, note: Callable[[str], None]) -> Dataset:
    """Return all photographs of another data set, in the world of its own files."""
    found = load_dataset(data, DataOptions(data_factor=factor, test_every=0, normalize_world_space=False))
    for line in found.notes:
        note(f"{data}: {line}")
    return found
