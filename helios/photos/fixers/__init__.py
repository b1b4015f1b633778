"""Fixers: what makes pictures from where there is no photograph good enough to train on."""

from helios.registry import Registry

FIXERS = Registry(
    "fixer",
    "helios.fixers",
    {
        "consensus": "helios.photos.fixers.consensus:Consensus",
        "command": "helios.photos.fixers.command:Command",
        "difix": "helios.photos.fixers.difix:Difix",
        "truth": "helios.photos.fixers.truth:Truth",
    },
)
"""Frozen dataclasses that are a `helios.photos.fixers.contract.Fixer`; their fields are their options."""
