"""The schemas that come with Helios. A new survey is a new entry."""

from __future__ import annotations

from helios.catalog.declared import Declared
from helios.catalog.schema import Column, Schema
from helios.catalog.table import FLOAT_COLUMNS, OPTIONAL_COLUMNS, ZERO_POINT_COLUMNS

_GAIA = {
    "source_id": Column(("source_id", "row_id")),
    **{name: Column((name,)) for name in (*FLOAT_COLUMNS, *OPTIONAL_COLUMNS) if name != "b_v"},
    # The archive's own definition of bp_rp (Gaia DR3 documentation, gaia_source: "BP - RP colour").
    "bp_rp": Column(("bp_rp",), difference=("phot_bp_mean_mag", "phot_rp_mean_mag")),
}

_HIPPARCOS = {
    "source_id": Column(("HIP",)),
    # In the catalogue's own file, and in what VizieR makes of it.
    "ra": Column(("RAdeg", "RAICRS")),
    "dec": Column(("DEdeg", "DEICRS")),
    "parallax": Column(("Plx",)),
    # Johnson V is used for G unchanged: it is nearer to G than Hp is, and needs no colour relation.
    "phot_g_mean_mag": Column(("Vmag",)),
    # B-V is not BP-RP: the stars of this catalogue have no colour unless it is converted.
    "bp_rp": Column(("bp_rp",)),
    "b_v": Column(("B-V",)),
    # In I/239 the motion in right ascension includes cos dec, as in Gaia; there are no radial velocities.
    "parallax_error": Column(("e_Plx",)),
    "pmra": Column(("pmRA",)),
    "pmdec": Column(("pmDE",)),
}

_HYG = {
    "source_id": Column(("id",)),
    "ra": Column(("ra",), unit="hourangle"),
    "dec": Column(("dec",)),
    # From version 3 on 100000 pc, and 10000000 before, where the distance is unknown.
    "parallax": Column(("dist",), unit="pc", null=("100000", "10000000")),
    "phot_g_mean_mag": Column(("mag",)),
    "bp_rp": Column(("bp_rp",)),
    "b_v": Column(("ci",)),
    "pmra": Column(("pmra", "pm_ra")),
    "pmdec": Column(("pmdec", "pm_dec")),
    "radial_velocity": Column(("rv",)),
}

# DR4 renames astrometric_params_solved and gives it other codes, for which no zero point has been published.
_GAIA_DR4 = {name: column for name, column in _GAIA.items() if name not in ZERO_POINT_COLUMNS}

SCHEMAS = {
    schema.name: schema
    for schema in (
        # Epochs: Gaia Collaboration 2018, A&A 616, A1 (DR2) and 2021, A&A 649, A1 (EDR3, the same in DR3).
        Schema("gaia_dr3", ref_epoch=2016.0, band="G", columns=_GAIA, release="gaiadr3"),
        Schema("gaia_edr3", ref_epoch=2016.0, band="G", columns=_GAIA, release="gaiaedr3"),
        Schema("gaia_dr2", ref_epoch=2015.5, band="G", columns=_GAIA, release="gaiadr2"),
        # As announced before the release: the content and the table gaia_source, in which each source has the
        # best-suited model, https://www.cosmos.esa.int/web/gaia/dr4; the epoch, J2017.5, ESA's package gaiasupdate
        # (https://esa.github.io/gaia-supdate, constants.DR4_REFERENCE_EPOCH); the columns, ESA's draft data model.
        Schema("gaia_dr4", ref_epoch=2017.5, band="G", columns=_GAIA_DR4, release="gaiadr4"),
        # ESA 1997, SP-1200, and the description of CDS I/239: ICRS, epoch J1991.25.
        Schema("hipparcos", ref_epoch=1991.25, band="V (Johnson)", columns=_HIPPARCOS),
        # README of github.com/astronexus/HYG-Database: epoch and equinox 2000.0, right ascensions in hours, visual
        # magnitudes, colour index B-V.
        Schema("hyg", ref_epoch=2000.0, band="V (Johnson)", columns=_HYG),
        # catalogs/SOURCES.md: the embedded naked-eye stars, with Gaia's column names.
        Schema("bright_stars", ref_epoch=2000.0, band="G (from V and B-V)", columns=_GAIA),
    )
}
"""Schemas by the name that `--schema` takes."""

DEFAULT = "gaia_dr3"
"""The schema that a file is read with unless its format or the user names another."""


def release_of(declared: Declared, epoch: float | None) -> Schema | None:
    """Return the schema of the release that a file mentions, else the first release of its `epoch`; None for neither.

    Of several that it mentions, it is one of its epoch.
    """
    releases = [schema for schema in SCHEMAS.values() if schema.release]
    mentioned = [schema for schema in releases if declared.mentions(schema.release or "")]
    of_epoch = [schema for schema in mentioned or releases if schema.ref_epoch == epoch]
    return next(iter(of_epoch or mentioned), None)
