"""The options of `helios build`: their defaults, ranges and help, and the readers, cuts and tree rule they give."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helios.catalog import READERS, Reader, endings
from helios.catalog.bright_stars import EMBEDDED_SCHEMA, EMBEDDED_STARS
from helios.catalog.file_reader import FileReader
from helios.catalog.files import BadFiles, open_catalogs
from helios.catalog.motion import parse_epoch
from helios.catalog.positions import LENGTH_SCALE_PC
from helios.catalog.row_cuts import EDSD, INVERSE, Cuts
from helios.catalog.schema_file import choose_schema
from helios.catalog.schemas import DEFAULT, SCHEMAS
from helios.catalog.table import ZERO_POINT_COLUMNS
from helios.catalog.zero_point import require_zero_point
from helios.catalogs_path import embedded
from helios.errors import InputError
from helios.grid import MAX_DEPTH
from helios.options import check_exclusions, check_limits, option
from helios.solar.readers.joining import Bodies
from helios.solar.system import SHIPPED, check_names, covered, small_bodies
from helios.universe.tree import LEAF_CAPACITY, TreeRule

_EXCLUSIONS = (
    (("synthetic",), ("stars",), "--synthetic and --stars: only one of them can say where the stars come from"),
    (
        ("synthetic",),
        ("schema", "column"),
        "--synthetic with --schema or --column: a made sky has no columns to name; drop one of them",
    ),
    (
        ("synthetic",),
        ("epoch", "distance_column"),
        "--synthetic with --epoch or a column of distances: a made sky has neither; drop one of them",
    ),
    (
        ("zero_point",),
        ("synthetic", "distance_column"),
        "--zero-point with --synthetic or a column of distances: no parallax to subtract it from; drop one",
    ),
    (("johnson",), ("synthetic",), "--johnson with --synthetic: a made sky has G and BP-RP; drop one of them"),
    (("depth",), ("leaf_capacity",), "--depth and --leaf-capacity: only one of them can say when cells split"),
)

_ANY = (-math.inf, math.inf)


@dataclass(frozen=True)
class BuildConfig:
    """The options of `helios build`. Raises InputError for values out of range, and for options that exclude others."""

    stars: tuple[Path, ...] = option(
        (),
        f"Catalogue of stars ({', '.join(endings())}), a directory of them or a pattern in quotes; several may follow. "
        "[default: the embedded bright stars]",
        multiple=True,
        type=Path,
        metavar="FILE...",
    )
    schema: str | None = option(
        None,
        f"How the catalogue writes its stars: {', '.join(SCHEMAS)}, or a TOML file. [default: {DEFAULT}, or the "
        "format's own]",
        type=str,
        metavar="NAME|FILE",
    )
    column: tuple[str, ...] = option(
        (),
        "Read a column from another one, as in parallax=plx, or from none, as in source_id=; may be given again.",
        multiple=True,
        type=str,
        metavar="NAME=SOURCE",
    )
    skip_bad_files: bool = option(False, "Leave out files that cannot be read, and count them.", is_flag=True)
    synthetic: int | None = option(None, "Make N stars instead of reading a catalogue.", type=int, metavar="N")
    seed: int = option(0, "Which stars --synthetic makes.")
    distance: str = option(
        INVERSE,
        "How far stars are: inverse, 1/parallax; edsd, the mode of the exponentially decreasing space density "
        "posterior, for which negative parallaxes are good data, its 16 and 84 % quantiles stored; or a column of the "
        "catalogue, in parsecs unless the file says otherwise.",
        metavar="inverse|edsd|COLUMN",
    )
    length_scale: float = option(
        LENGTH_SCALE_PC,
        "Length scale of --distance edsd, parsecs.",
        (0, math.inf),
        open=True,
        unit="parsecs",
        metavar="PC",
    )
    merge_bright: bool = option(
        False,
        "Add the naked-eye stars that the catalogues lack or have mismeasured from the embedded list, each star once.",
        is_flag=True,
    )
    zero_point: bool = option(
        False,
        "Subtract the zero point of Gaia's parallaxes (Lindegren et al. 2021) where a star has one; needs the package "
        "gaiadr3-zeropoint.",
        is_flag=True,
    )
    johnson: bool = option(
        False,
        "Make G and BP-RP of Johnson's V and B-V, where a star has these and no BP-RP; G by Gaia's published relation.",
        is_flag=True,
    )
    epoch: str | None = option(
        None,
        "Julian year to which stars are moved, such as J2000 or 2026.9; velocities are stored. [default: each "
        "catalogue's own epoch, without velocities; of the embedded list J2000, its own]",
        type=str,
        metavar="YEAR",
    )
    solar_system: tuple[str, ...] = option(
        (SHIPPED,),
        "Small bodies and spacecraft beside the planets: default, those that ship with Helios; files of the Minor "
        "Planet Center, of JPL Horizons or of elements; or none, for no solar system. May be given again.",
        multiple=True,
        type=str,
        metavar="default|none|FILE",
    )
    ephemeris: str | None = option(
        None,
        "Ephemeris by which bodies are moved to --epoch, a .bsp of JPL.  [default: the embedded one, 1900 to 2100]",
        type=str,
        metavar="FILE",
    )
    min_parallax_over_error: float | None = option(
        None, "Leave out stars whose parallax is less than X times its error.", _ANY, open=True, type=float, metavar="X"
    )
    max_ruwe: float | None = option(
        None,
        "Leave out stars whose RUWE, the misfit of their astrometry, is above X.",
        _ANY,
        open=True,
        type=float,
        metavar="X",
    )
    max_mag: float | None = option(
        None,
        "Leave out stars fainter than this apparent G magnitude.",
        _ANY,
        open=True,
        unit="magnitudes",
        type=float,
    )
    limit: int | None = option(
        None, "Keep only the N brightest stars.", (1, math.inf), unit="star", type=int, metavar="N"
    )
    leaf_capacity: int | None = option(
        None,
        f"Split cells that hold more than N stars, into an adaptive tree.  [default: {LEAF_CAPACITY}]",
        (1, math.inf),
        unit="star",
        type=int,
        metavar="N",
    )
    depth: int | None = option(
        None,
        f"Make all cells of one depth, 0 to {MAX_DEPTH}, instead; 5 is the published grid.",
        (0, MAX_DEPTH),
        type=int,
        metavar="N",
    )

    def __post_init__(self):
        check_exclusions(self, _EXCLUSIONS)
        if self.merge_bright and not self.stars:
            raise InputError(
                "--merge-bright needs --stars: a made sky is no place for real stars, and without a catalogue the "
                "embedded bright stars are all there is; drop it"
            )
        if not self.distance.strip():
            raise InputError(f"--distance {self.distance!r}: must be {INVERSE}, {EDSD} or the name of a column")
        check_limits(self)
        if isinstance(self.solar_system, str):
            object.__setattr__(self, "solar_system", (self.solar_system,))
        check_names(self.solar_system)
        if self.epoch is not None:
            parse_epoch(self.epoch)

    @property
    def rule(self) -> TreeRule:
        """The rule by which cells split."""
        if self.depth is not None:
            return TreeRule(depth=self.depth)
        return TreeRule(leaf_capacity=LEAF_CAPACITY if self.leaf_capacity is None else self.leaf_capacity)

    @property
    def epoch_jyear(self) -> float | None:
        """`epoch` as a Julian year, of the embedded list its own; None where stars have no velocities."""
        if self.epoch is not None:
            return parse_epoch(self.epoch)
        own = self.synthetic is None and not self.stars and self.schema is None and not self.column
        return SCHEMAS[EMBEDDED_SCHEMA].ref_epoch if own else None

    def bodies(self) -> Bodies | None:
        """Return the bodies of the solar system, at the epoch of `--epoch` if given; None where there are to be none.

        Those that nobody asked for keep to their own epoch where the embedded ephemeris does not have that one. Raises
        InputError as `small_bodies` does.
        """
        epoch = None if self.epoch is None else parse_epoch(self.epoch)
        asked = self.solar_system != (SHIPPED,) or self.ephemeris is not None
        if epoch is not None and not asked and not covered(epoch):
            epoch = None
        return small_bodies(self.solar_system, epoch, None if self.ephemeris is None else Path(self.ephemeris))

    @property
    def cuts(self) -> Cuts:
        """The conditions that a row must meet to become a star."""
        return Cuts(
            self.max_mag,
            self.min_parallax_over_error,
            self.max_ruwe,
            self.distance,
            motion=self.epoch_jyear is not None,
        )

    @property
    def distance_column(self) -> str | None:
        """The name of the catalogue's distance column; None where distances come from parallaxes."""
        return None if self.distance in (INVERSE, EDSD) else self.distance

    def readers(self, bad_files: BadFiles) -> list[Reader]:
        """Return a reader for each catalogue, without reading any rows.

        Raises InputError as `open_catalogs` does, and where stars are to be moved or merged and the schema of a file
        has no reference epoch.
        """
        if self.synthetic is not None:
            return [READERS.get("synthetic")(self.synthetic, self.seed)]
        schema = self.schema if self.stars else self.schema or EMBEDDED_SCHEMA
        choice = choose_schema(schema, self.column, self._optional_columns(), self.distance_column)
        if not self.stars:
            return self._checked(open_catalogs([embedded(EMBEDDED_STARS)], choice))
        return self._checked(open_catalogs(self.stars, choice, bad_files))

    def provenance(self) -> dict[str, Any]:
        """Return the options that select the stars and the grid, for the provenance.

        An option added later appears only where it is used, so that it does not change the bytes of a universe made
        without it. The catalogues are listed beside these options, with their hashes.
        """
        asked = {
            "zero_point": self.zero_point or None,
            "johnson": self.johnson or None,
            "merge_bright": self.merge_bright or None,
            "distance": None if self.distance == INVERSE else self.distance,
            "length_scale_pc": self.length_scale if self.distance == EDSD else None,
            "epoch": self.epoch_jyear,
            "min_parallax_over_error": self.min_parallax_over_error,
            "max_ruwe": self.max_ruwe,
        }
        always = {"max_mag": self.max_mag, "limit": self.limit}
        always |= {"depth": self.rule.depth, "leaf_capacity": self.rule.leaf_capacity}
        return always | {name: value for name, value in asked.items() if value is not None}

    def _optional_columns(self) -> tuple[str, ...]:
        asked = {
            "parallax_error": self.distance == EDSD or self.min_parallax_over_error is not None or self.merge_bright,
            "ruwe": self.max_ruwe is not None,
            **dict.fromkeys(ZERO_POINT_COLUMNS, self.zero_point),
            **dict.fromkeys(("pmra", "pmdec", "radial_velocity"), self.epoch_jyear is not None),
            "b_v": self.johnson,
            "ref_epoch": self.epoch_jyear is not None or self.merge_bright or self.zero_point,
        }
        return tuple(name for name, wanted in asked.items() if wanted)

    def _checked(self, readers: list[Reader]) -> list[Reader]:
        if self.zero_point:
            require_zero_point()
        for reader in readers if self.johnson else ():
            if isinstance(reader, FileReader) and "b_v" not in reader.sources.of:
                raise InputError(f"{reader.path}: --johnson: no column of B-V; name it with --column b_v=NAME")
        wanted = (f"--epoch {self.epoch}", "move stars from") if self.epoch else ("--merge-bright", "compare at")
        for reader in readers if self.epoch is not None or self.merge_bright else ():
            if reader.schema is not None and reader.schema.ref_epoch is None:
                raise InputError(
                    f"{reader.path}: {wanted[0]}: the schema {reader.schema.name} has no ref_epoch to {wanted[1]}; "
                    "give it one in a --schema file"
                )
        return readers
