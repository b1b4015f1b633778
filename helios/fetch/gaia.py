"""The archive of ESA's Gaia: https://gea.esac.esa.int/archive, and its table of all sources in data release 3."""

from helios.fetch.archives import Archive

GAIA = Archive(
    name="gaia",
    url="https://gea.esac.esa.int/tap-server/tap",
    table="gaiadr3.gaia_source",
    source_id="source_id",
    magnitude="phot_g_mean_mag",
    columns=(
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
    ),
    credit="ESA/Gaia/DPAC",
)
