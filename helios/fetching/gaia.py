"""ESA's Gaia archive, https://gea.esac.esa.int/archive, and its table of all sources in data release 3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from helios.fetching.archives import Archive
from helios.options import option


@dataclass(frozen=True)
class Gaia(Archive):
    """ESA's Gaia archive."""

    name: ClassVar[str] = "gaia"
    source_id: ClassVar[str] = "source_id"
    magnitude: ClassVar[str] = "phot_g_mean_mag"
    columns: ClassVar[tuple[str, ...]] = (
        "source_id",
        "ref_epoch",
        "ra",
        "dec",
        "parallax",
        "parallax_error",
        "pmra",
        "pmdec",
        "radial_velocity",
        "phot_g_mean_mag",
        "bp_rp",
        "ruwe",
        "astrometric_params_solved",
        "nu_eff_used_in_astrometry",
        "pseudocolour",
    )
    credit: ClassVar[str] = "ESA/Gaia/DPAC"

    url: str = option("https://gea.esac.esa.int/tap-server/tap", "Address of the TAP service.")
    table: str = option("gaiadr3.gaia_source", "The table asked.")
