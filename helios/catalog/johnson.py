"""From Johnson's V and B-V, which older catalogues have, to Gaia's G and BP-RP."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.polynomial import polyval

from helios.catalog.counts import Counts
from helios.catalog.table import StarTable

G_MINUS_V = (-0.04749, -0.0124, -0.2901, 0.02008)
"""G - V as a polynomial of B-V, lowest power first: Gaia EDR3 documentation, section "Photometric relationships", and
Riello et al. 2021, A&A 649, A3, appendix C (doi:10.1051/0004-6361/202039587)."""

G_MINUS_V_RANGE = (-0.4, 3.3)
"""The B-V for which that holds: Riello et al. 2021, table C.1."""

BP_RP = (0.02630, 1.44655, -0.14892, -0.35450, 0.20492)
"""BP-RP as a polynomial of B-V, lowest power first. No such relation has been published for Gaia: it is the one of the
embedded stars (`catalogs/SOURCES.md`), fitted to 1,128 stars with a scatter of 0.029 mag."""

BP_RP_RANGE = (-0.3, 1.6)
"""The B-V for which that holds. The B-V of M and carbon stars, beyond it, does not follow their temperature: a star
beyond it has the colour of the nearer end."""


def to_gaia(table: StarTable) -> tuple[StarTable, Counts]:
    """Return `table` with G and BP-RP for rows that have V as `phot_g_mean_mag`, a B-V and no BP-RP, and the Counts.

    The result is without `b_v`. A row whose B-V is missing or outside G_MINUS_V_RANGE stays as it is.
    """
    b_v = table.b_v
    within = (b_v >= G_MINUS_V_RANGE[0]) & (b_v <= G_MINUS_V_RANGE[1]) & np.isnan(table.bp_rp)
    within &= np.isfinite(table.phot_g_mean_mag)
    known = np.where(within, b_v, 0.0)
    magnitude = np.where(within, table.phot_g_mean_mag + polyval(known, G_MINUS_V), table.phot_g_mean_mag)
    colour = np.where(within, polyval(np.clip(known, *BP_RP_RANGE), BP_RP), table.bp_rp)
    made = table.with_columns(phot_g_mean_mag=magnitude, bp_rp=colour, b_v=None)
    return made, Counts(converted=int(np.count_nonzero(within)))
