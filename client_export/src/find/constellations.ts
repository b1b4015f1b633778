/** The 88 constellations of the IAU (Trans. IAU 1, 158; 4, 221): abbreviation, name, genitive. */
import { wordsOf } from "./text.ts";

const TABLE = `And,Andromeda,Andromedae;Ant,Antlia,Antliae;Aps,Apus,Apodis;Aqr,Aquarius,Aquarii;Aql,Aquila,Aquilae;
Ara,Ara,Arae;Ari,Aries,Arietis;Aur,Auriga,Aurigae;Boo,Bootes,Bootis;Cae,Caelum,Caeli;
Cam,Camelopardalis,Camelopardalis;Cnc,Cancer,Cancri;CVn,Canes Venatici,Canum Venaticorum;
CMa,Canis Major,Canis Majoris;CMi,Canis Minor,Canis Minoris;Cap,Capricornus,Capricorni;Car,Carina,Carinae;
Cas,Cassiopeia,Cassiopeiae;Cen,Centaurus,Centauri;Cep,Cepheus,Cephei;Cet,Cetus,Ceti;Cha,Chamaeleon,Chamaeleontis;
Cir,Circinus,Circini;Col,Columba,Columbae;Com,Coma Berenices,Comae Berenices;CrA,Corona Australis,Coronae Australis;
CrB,Corona Borealis,Coronae Borealis;Crv,Corvus,Corvi;Crt,Crater,Crateris;Cru,Crux,Crucis;Cyg,Cygnus,Cygni;
Del,Delphinus,Delphini;Dor,Dorado,Doradus;Dra,Draco,Draconis;Equ,Equuleus,Equulei;Eri,Eridanus,Eridani;
For,Fornax,Fornacis;Gem,Gemini,Geminorum;Gru,Grus,Gruis;Her,Hercules,Herculis;Hor,Horologium,Horologii;
Hya,Hydra,Hydrae;Hyi,Hydrus,Hydri;Ind,Indus,Indi;Lac,Lacerta,Lacertae;Leo,Leo,Leonis;LMi,Leo Minor,Leonis Minoris;
Lep,Lepus,Leporis;Lib,Libra,Librae;Lup,Lupus,Lupi;Lyn,Lynx,Lyncis;Lyr,Lyra,Lyrae;Men,Mensa,Mensae;
Mic,Microscopium,Microscopii;Mon,Monoceros,Monocerotis;Mus,Musca,Muscae;Nor,Norma,Normae;Oct,Octans,Octantis;
Oph,Ophiuchus,Ophiuchi;Ori,Orion,Orionis;Pav,Pavo,Pavonis;Peg,Pegasus,Pegasi;Per,Perseus,Persei;Phe,Phoenix,Phoenicis;
Pic,Pictor,Pictoris;Psc,Pisces,Piscium;PsA,Piscis Austrinus,Piscis Austrini;Pup,Puppis,Puppis;Pyx,Pyxis,Pyxidis;
Ret,Reticulum,Reticuli;Sge,Sagitta,Sagittae;Sgr,Sagittarius,Sagittarii;Sco,Scorpius,Scorpii;Scl,Sculptor,Sculptoris;
Sct,Scutum,Scuti;Ser,Serpens,Serpentis;Sex,Sextans,Sextantis;Tau,Taurus,Tauri;Tel,Telescopium,Telescopii;
Tri,Triangulum,Trianguli;TrA,Triangulum Australe,Trianguli Australis;Tuc,Tucana,Tucanae;UMa,Ursa Major,Ursae Majoris;
UMi,Ursa Minor,Ursae Minoris;Vel,Vela,Velorum;Vir,Virgo,Virginis;Vol,Volans,Volantis;Vul,Vulpecula,Vulpeculae`;

const ROWS = TABLE.split(";").map((row) => row.trim().split(","));

/** The genitive by abbreviation, as `Centauri` by `Cen`. */
export const GENITIVES: ReadonlyMap<string, string> = new Map(ROWS.map(([short, , genitive]) => [short, genitive]));

/** The name by abbreviation, as `Centaurus` by `Cen`. */
export const CONSTELLATIONS: ReadonlyMap<string, string> = new Map(ROWS.map(([short, name]) => [short, name]));

/** Words of names and genitives with their abbreviation, the longest first: `Ursae Majoris` before `Ursa`. */
const SPELLED = ROWS.flatMap(([short, name, genitive]) =>
  [name, genitive].map((long) => ({ words: wordsOf(long), short: short.toLowerCase() })),
).sort((a, b) => b.words.length - a.words.length);

/** `words` with a constellation's name or genitive, after another word, as its abbreviation: `61`, `cyg`. */
export function shortened(words: readonly string[]): string[] {
  for (const { words: long, short } of SPELLED) {
    const at = words.length - long.length;
    if (at > 0 && long.every((word, i) => words[at + i] === word)) return [...words.slice(0, at), short];
  }
  return [...words];
}
