"""The schemas that come with Helios. A new survey is a new entry."""

from __future__ import annotations

from helios.catalog.schema import Column, Schema
from helios.catalog.table import FLOAT_COLUMNS, OPTIONAL_COLUMNS

_GAIA = {
    "source_id": Column(("source_id", "row_id")),
    **{name: Column((name,)) for name in (*FLOAT_COLUMNS, *OPTIONAL_COLUMNS)},
    # The archive's own definition of bp_rp (Gaia DR3 documentation, gaia_source: "BP - RP colour").
    "bp_rp": Column(("bp_rp",), difference=("phot_bp_mean_mag", "phot_rp_mean_mag")),
}

_HIPPARCOS = {
    "source_id": Column(("HIP",)),
    "ra": Column(("RAdeg",)),
    "dec": Column(("DEdeg",)),
    "parallax": Column(("Plx",)),
    # Johnson V is used for G unchanged: it is nearer to G than Hp is, and needs no colour relation.
    "phot_g_mean_mag": Column(("Vmag",)),
    # B-V is not BP-RP: the stars of this catalogue have no colour.
    "bp_rp": Column(("bp_rp",)),
    # In I/239 the motion in right ascension includes cos dec, as in Gaia; there are no radial velocities.
    "parallax_error": Column(("e_Plx",)),
    "pmra": Column(("pmRA",)),
    "pmdec": Column(("pmDE",)),
}

SCHEMAS = {
    schema.name: schema
    for schema in (
        # Epochs: Gaia Collaboration 2018, A&A 616, A1 (DR2) and 2021, A&A 649, A1 (EDR3, the same in DR3).
        Schema("gaia_dr3", ref_epoch=2016.0, band="G", columns=_GAIA),
        Schema("gaia_dr2", ref_epoch=2015.5, band="G", columns=_GAIA),
        # ESA 1997, SP-1200, and the description of CDS I/239: ICRS, epoch J1991.25.
        Schema("hipparcos", ref_epoch=1991.25, band="V (Johnson)", columns=_HIPPARCOS),
        # catalogs/SOURCES.md: the embedded naked-eye stars, with Gaia's column names.
        Schema("bright_stars", ref_epoch=2000.0, band="G (from V and B-V)", columns=_GAIA),
    )
}
"""Schemas by the name that `--schema` takes."""

DEFAULT = "gaia_dr3"
"""The schema that a file is read with unless its format or the user names another."""
