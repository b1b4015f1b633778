"""One body in every format of small bodies, as text that is made from its elements without the readers' code."""

from pathlib import Path

ELLIPSE = {
    "epoch": (2026, 6, 9, 2461200.5),
    "a": 1.4582437,
    "e": 0.222878,
    "i": 10.82855,
    "node": 304.26797,
    "argument": 178.91814,
    "M": 62.51145,
    "Tp": (2026, 2, 17.3135, 2461088.8135),
    "q": 1.133233,
    "H": 10.4,
    "G": 0.15,
}
"""(433) Eros in 2026, of MPCORB; q and, from the Small-Body Database of JPL, Tp, rounded as for comets."""

AU_KM = 149597870.7


def mpcorb(path: Path, copies: int = 1) -> None:
    """Write rows with the numbers from 433 on."""
    b = ELLIPSE
    rows = (
        f"{433 + n:05}   {b['H']:5.2f} {b['G']:5.2f} K2669 {b['M']:9.5f}  {b['argument']:9.5f}  {b['node']:9.5f}  "
        f"{b['i']:9.5f}  {b['e']:9.7f}  0.55970463 {b['a']:11.7f}  0 E2026-M87 17941  59 1893-2026 0.61 M-v 3Ek "
        f"MPCORBFIT  1804 {'(' + str(433 + n) + ')':>8} Eros               20260620\n"
        for n in range(copies)
    )
    path.write_text("".join(rows))


def comets(path: Path, copies: int = 1) -> None:
    """Write rows with the numbers from 433P on."""
    b = ELLIPSE
    year, month, day, _ = b["Tp"]
    rows = (
        f"{433 + n:04}P         {year} {month:02} {day:7.4f}  {b['q']:8.6f}  {b['e']:8.6f}  {b['argument']:8.4f}  "
        f"{b['node']:8.4f}  {b['i']:8.4f}  20260609  {b['H']:4.1f} {4.0:4.1f}  {str(433 + n) + 'P/Eros':56} MPC 1\n"
        for n in range(copies)
    )
    path.write_text("".join(rows))


def elements(path: Path, copies: int = 1) -> None:
    """Write CSV with the designations from 433 on."""
    b = ELLIPSE
    rows = "".join(
        f"{433 + n},Eros,2026-06-09,{b['a']},{b['e']},{b['i']},{b['node']},{b['argument']},{b['M']},{b['H']},{b['G']}\n"
        for n in range(copies)
    )
    path.write_text("designation,name,epoch,a,e,i,node,argument,M,H,G\n" + rows)


def horizons(path: Path, copies: int = 1) -> None:
    """Write an elements table with a state a day, of the same elements."""
    b = ELLIPSE
    states = "".join(
        f"{2461200.5 + n:.9f} = A.D. 2026-Jun-{9 + n:02} 00:00:00.0000 TDB \n"
        f" EC= {b['e']:.15E} QR= {b['q']:.15E} IN= {b['i']:.15E}\n"
        f" OM= {b['node']:.15E} W = {b['argument']:.15E} Tp=  {b['Tp'][3]:.12f}\n"
        f" N = 5.6E-01 MA= {b['M']:.15E} TA= 8.6E+01\n A = {b['a']:.15E} AD= 1.8E+00 PR= 6.4E+02\n"
        for n in range(copies)
    )
    path.write_text(
        HORIZONS_HEADER.format(units="AU-D, deg, Julian Day Number (Tp)", frame="Ecliptic of J2000.0")
        + states
        + "$$EOE\n"
    )


HORIZONS_HEADER = """\
 H= 10.4                 G= .15
Target body name: 433 Eros (A898 PA)              {{source: JPL#659}}
Center body name: Sun (10)                        {{source: DE441}}
Center-site name: BODY CENTER
Output units    : {units}
Reference frame : {frame}
*******************************************************************************
$$SOE
"""

WRITERS = {"mpcorb": mpcorb, "comets": comets, "elements": elements, "horizons": horizons}
