"""One star table written in every format that there is a reader for; tests of all readers share it.

`WRITERS` has, by ending, a function of path and StarTable. NaN and NO_ID become what the format has for no value.
"""

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
from astropy.io.votable import from_table
from astropy.table import MaskedColumn, QTable, Table

from helios.catalog.hipparcos import FIELDS, NAMED
from helios.catalog.table import FLOAT_COLUMNS, NO_ID, OPTIONAL_COLUMNS, StarTable

UNITS = {"ra": "deg", "dec": "deg", "parallax": "mas", "phot_g_mean_mag": "mag", "bp_rp": "mag"}
UNITS |= {"parallax_error": "mas", "pmra": "mas.yr**-1", "pmdec": "mas.yr**-1", "radial_velocity": "km.s**-1"}
UNITS |= {"nu_eff_used_in_astrometry": "um**-1", "pseudocolour": "um**-1"}
"""As the archive writes them."""


def columns_of(table: StarTable) -> tuple[str, ...]:
    """The columns that a file of `table` has."""
    return ("source_id", *FLOAT_COLUMNS, *(name for name in OPTIONAL_COLUMNS if name not in table.absent))


def text_of(value) -> str:
    return "" if value == NO_ID or np.isnan(value) else repr(value.item())


def csv_text(table: StarTable) -> str:
    columns = columns_of(table)
    rows = [",".join(text_of(getattr(table, c)[i]) for c in columns) for i in range(len(table))]
    return "\n".join([",".join(columns), *rows]) + "\n"


def vizier_text(delimiter: str):
    """As VizieR writes tables: comments, names, units, dashes, rows."""

    def text(table: StarTable) -> str:
        columns = columns_of(table)
        rows = [[text_of(getattr(table, c)[i]) for c in columns] for i in range(len(table))]
        head = [list(columns), [UNITS.get(c, " ") for c in columns], ["-" * len(c) for c in columns]]
        lines = [delimiter.join(row) for row in [*head, *rows]]
        return "\n".join(["#", "#   VizieR Astronomical Server", "#Table\tI_355_gaiadr3:", *lines]) + "\n"

    return text


def ecsv_text(table: StarTable) -> str:
    types = {"source_id": "int64"}
    columns = [
        f"# - {{name: {c}, unit: {UNITS.get(c, 'null')}, datatype: {types.get(c, 'float64')}}}"
        for c in columns_of(table)
    ]
    return "\n".join(["# %ECSV 1.0", "# ---", "# delimiter: ','", "# datatype:", *columns, csv_text(table)])


def astropy_table(table: StarTable) -> QTable:
    columns = {c: getattr(table, c) for c in columns_of(table)}
    made = Table({c: MaskedColumn(v, mask=(v == NO_ID) | np.isnan(v)) for c, v in columns.items()})
    for name in made.colnames:
        made[name].unit = UNITS.get(name)
    return made


def hipparcos_text(table: StarTable) -> str:
    columns = {"HIP": "source_id", "RAdeg": "ra", "DEdeg": "dec", "Plx": "parallax", "Vmag": "phot_g_mean_mag"}
    columns |= {"e_Plx": "parallax_error", "pmRA": "pmra", "pmDE": "pmdec", "B-V": "b_v"}
    lines = []
    for i in range(len(table)):
        fields = [
            f"{text_of(getattr(table, columns[n])[i]):>12}" if (n := NAMED.get(k)) in columns else " "
            for k in range(FIELDS)
        ]
        lines.append("|".join(["H", *fields[1:]]))
    return "\n".join(lines) + "\n"


def write_text(make):
    def write(path: Path, table: StarTable) -> None:
        data = make(table).encode()
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)

    return write


def write_fits(path: Path, table: StarTable) -> None:
    plain = astropy_table(table)
    plain["source_id"].fill_value = NO_ID
    plain.write(path, format="fits")


def arrow_table(table: StarTable) -> pa.Table:
    columns = {c: getattr(table, c) for c in columns_of(table)}
    return pa.table({c: pa.array(values, mask=(values == NO_ID) | np.isnan(values)) for c, values in columns.items()})


def write_parquet(path: Path, table: StarTable) -> None:
    pq.write_table(arrow_table(table), path, row_group_size=20)


def write_feather(path: Path, table: StarTable) -> None:
    pa.feather.write_feather(arrow_table(table), path, chunksize=20)


def write_votable(form: str):
    def write(path: Path, table: StarTable) -> None:
        votable = from_table(astropy_table(table))
        plain = path.with_suffix("") if path.suffix == ".gz" else path
        votable.to_xml(str(plain), tabledata_format=form)
        if plain != path:
            path.write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()

    return write


WRITERS = {
    ".csv": write_text(csv_text),
    ".csv.gz": write_text(csv_text),
    ".tsv": write_text(vizier_text("\t")),
    ".txt": write_text(vizier_text(";")),
    ".ecsv": write_text(ecsv_text),
    ".ecsv.gz": write_text(ecsv_text),
    ".fit": write_fits,
    ".fits": write_fits,
    ".fits.gz": write_fits,
    ".parquet": write_parquet,
    ".feather": write_feather,
    ".arrow": write_feather,
    ".vot": write_votable("tabledata"),
    ".vot.gz": write_votable("binary2"),
    ".votable": write_votable("binary2"),
    ".xml": write_votable("tabledata"),
    ".dat": write_text(hipparcos_text),
    ".dat.gz": write_text(hipparcos_text),
}
