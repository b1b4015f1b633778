"""How names of stars are spelled: Greek letters, constellations and their genitives, capitals and blanks."""

from __future__ import annotations

import re
import unicodedata

_CONSTELLATIONS = """And Andromedae, Ant Antliae, Aps Apodis, Aqr Aquarii, Aql Aquilae, Ara Arae, Ari Arietis, Aur
Aurigae, Boo Bootis, Cae Caeli, Cam Camelopardalis, Cnc Cancri, CVn Canum Venaticorum, CMa Canis Majoris, CMi Canis
Minoris, Cap Capricorni, Car Carinae, Cas Cassiopeiae, Cen Centauri, Cep Cephei, Cet Ceti, Cha Chamaeleontis, Cir
Circini, Col Columbae, Com Comae Berenices, CrA Coronae Australis, CrB Coronae Borealis, Crv Corvi, Crt Crateris, Cru
Crucis, Cyg Cygni, Del Delphini, Dor Doradus, Dra Draconis, Equ Equulei, Eri Eridani, For Fornacis, Gem Geminorum, Gru
Gruis, Her Herculis, Hor Horologii, Hya Hydrae, Hyi Hydri, Ind Indi, Lac Lacertae, Leo Leonis, LMi Leonis Minoris, Lep
Leporis, Lib Librae, Lup Lupi, Lyn Lyncis, Lyr Lyrae, Men Mensae, Mic Microscopii, Mon Monocerotis, Mus Muscae, Nor
Normae, Oct Octantis, Oph Ophiuchi, Ori Orionis, Pav Pavonis, Peg Pegasi, Per Persei, Phe Phoenicis, Pic Pictoris, Psc
Piscium, PsA Piscis Austrini, Pup Puppis, Pyx Pyxidis, Ret Reticuli, Sge Sagittae, Sgr Sagittarii, Sco Scorpii, Scl
Sculptoris, Sct Scuti, Ser Serpentis, Sex Sextantis, Tau Tauri, Tel Telescopii, Tri Trianguli, TrA Trianguli
Australis, Tuc Tucanae, UMa Ursae Majoris, UMi Ursae Minoris, Vel Velorum, Vir Virginis, Vol Volantis, Vul Vulpeculae"""

GENITIVES = dict(part.strip().split(" ", 1) for part in _CONSTELLATIONS.replace("\n", " ").split(","))
"""The genitives of the 88 constellations of the IAU (Trans. IAU 1, 158; 4, 221) by their abbreviations."""

_COMPONENT = re.compile(r"([a-z]+)\d+ ([A-Za-z]+)")


def plain(name: str) -> str:
    """Return what a `name` that is written in full is compared by: its letters, small and without blanks."""
    return "".join(name.casefold().split())


def keys_asked_for(name: str) -> set[str]:
    """Return what a `name` may be compared by as people write it: as it is, and as catalogues abbreviate it.

    >>> sorted(keys_asked_for("α Centauri"))
    ['alphacen', 'alphacentauri']
    """
    text = " ".join("".join(map(_letter, name)).split())
    keys = {plain(text)}
    for short, genitive in GENITIVES.items():
        before, blank, end = text[: -len(genitive)], text[-len(genitive) - 1 : -len(genitive)], text[-len(genitive) :]
        if blank == " " and end.casefold() == genitive.casefold():
            keys.add(plain(before + short))
    return keys


def keys_of(designation: str) -> set[str]:
    """Return the keys that find a star by its `designation`: `alpha1 Cen` is found as alpha Cen too."""
    component = _COMPONENT.fullmatch(designation)
    return {plain(designation)} | ({plain(component[1] + component[2])} if component else set())


def _letter(char: str) -> str:
    name = unicodedata.name(char, "")
    if name.startswith("GREEK SMALL LETTER ") and name.count(" ") == 3:
        return {"lamda": "lambda"}.get(word := name.rsplit(" ", 1)[1].lower(), word) + " "
    return char
