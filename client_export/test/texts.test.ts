/** Every language says all that English says, of the same things, and the page has no words but those of the file of texts. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { formatDistance } from "../src/lengths.ts";
import { PARSEC_M } from "../src/sky.ts";
import de from "../src/text/de.ts";
import en, { type Texts } from "../src/text/en.ts";
import fr from "../src/text/fr.ts";
import { LANGUAGES, languageOf } from "../src/text/language.ts";
import { decimal } from "../src/text/numbers.ts";
import { TEXT } from "../src/text/text.ts";

const OTHERS: Record<string, Texts> = { de, fr };
const SOURCE = new URL("../src/", import.meta.url);
/** Words that are the same in other languages, too. */
const SAME =
  /^(Auto|Zoom|Pause|Distance|Constellations?|Magnitude \(G\)|Exposition|galaxy|Tour: .*|mag .*|Navigation|Magnitude \(V\)|Phase|Mars|Venus|Jupiter|Saturn|Uranus|Neptune|Pluto|Planet|Asteroid|Deimos|Metis|Adrastea|Amalthea|Thebe|Callisto|Enceladus|Tethys|Dione|Rhea|Hyperion|Iapetus|Phoebe|Oberon|Proteus|Nereid)$/;

/** All texts by where they stand; of those with gaps, each gap as a mark of its own. */
function textsOf(value: unknown, path = ""): [string, string][] {
  if (typeof value === "string") return [[path, value]];
  if (typeof value === "function") {
    return [[path, String(value(...Array.from({ length: value.length }, (_, gap) => `‹${gap}›`)))]];
  }
  const parts = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : 1));
  return parts.flatMap(([key, part]) => textsOf(part, `${path}.${key}`));
}

const gapsOf = (text: string) => [...new Set(text.match(/‹\d›/g))].sort();
const keysOf = (text: string) => (text.match(/\[[^\w\s]\]|\[[A-Z]\]/g) ?? []).sort();

test("every language has the texts of English, with the same gaps and keys", () => {
  const english = textsOf(en);
  assert.ok(english.length > 150);
  assert.deepEqual(Object.keys(OTHERS), Object.keys(LANGUAGES).slice(1));
  for (const [code, texts] of Object.entries(OTHERS)) {
    const other = textsOf(texts);
    assert.deepEqual(
      other.map(([path]) => path),
      english.map(([path]) => path),
    );
    assert.equal(texts.locale, code);
    english.forEach(([path, text], at) => {
      const said = other[at][1];
      if (!path.endsWith(".locale")) assert.ok(said.trim() !== "", `${code}${path} is empty`);
      assert.deepEqual(gapsOf(said), gapsOf(text), `${code}${path}: ${said}`);
      assert.deepEqual(keysOf(said), keysOf(text), `${code}${path}: ${said}`);
      if (said === text && /[a-z]{4}/.test(text)) assert.match(text, SAME, `${code}${path} is English: ${said}`);
    });
  }
});

test("German and French are set as their readers are used to", () => {
  for (const [path, text] of textsOf(de)) assert.doesNotMatch(text, /["“][^“”]*”|"|'/, `de${path}: ${text}`);
  for (const [path, text] of textsOf(fr)) {
    assert.doesNotMatch(text, /[^\s]?[ \w][:;?!»](?=\s|$)|«[^\u00a0]|"|'/, `fr${path}: ${text}`);
  }
});

test("numbers and plurals follow the language", () => {
  const written = (texts: Texts) => {
    Object.assign(TEXT, texts);
    const counts = [0, 1, 8].map((count) => TEXT.search.found(count));
    return [formatDistance(703e3 * PARSEC_M), decimal(-1.5, 1), ...counts, TEXT.notices.more(1), TEXT.notices.more(2)];
  };
  try {
    const plain = (texts: string[]) => texts.map((text) => text.replace(/[\u00a0\u202f]/g, " "));
    const [english, german, french] = [en, de, fr].map((texts) => plain(written(texts)));
    const more = ["and 1 more", "and 2 more"];
    assert.deepEqual(english, ["703 kpc · 2.29 million ly", "−1.5", "0 results", "1 result", "8 results", ...more]);
    const weitere = ["und 1 weitere", "und 2 weitere"];
    assert.deepEqual(german, [
      "703 kpc · 2,29 Millionen ly",
      "−1,5",
      "0 Treffer",
      "1 Treffer",
      "8 Treffer",
      ...weitere,
    ]);
    const autres = ["et 1 autre", "et 2 autres"];
    const found = ["0 résultat", "1 résultat", "8 résultats"];
    assert.deepEqual(french, ["703 kpc · 2,29 millions ly", "−1,5", ...found, ...autres]);
  } finally {
    Object.assign(TEXT, en);
  }
});

test("the language is the first that there is", () => {
  assert.equal(languageOf([null, "de-AT", "en"]), "de");
  assert.equal(languageOf(["FR_ca", "de"]), "fr");
  assert.equal(languageOf([null, "tlh", "toString", "fr"]), "fr");
  assert.equal(languageOf([null, "ja"]), "en");
});

test("the page has no words of its own, and names all that it is given", () => {
  const html = readFileSync(new URL("../index.html", import.meta.url), "utf8");
  const body = html.slice(html.indexOf("<body>")).replace(/<p id="boot">[^]*?<\/p>|<noscript[^]*?<\/noscript\s*>/g, "");
  const words = body.replace(/<[^>]*>/g, " ").match(/\p{L}+/gu);
  assert.deepEqual(words, ["Helios"]);
  assert.doesNotMatch(body, /\s(title|placeholder|aria-label|alt)="/);
  const named = [...body.matchAll(/data-say="([^"]*)"/g)].flatMap(([, say]) => say.split(" "));
  const texts = named.map((pair) => pair.split("=")[1]);
  assert.deepEqual([...new Set(texts)].sort(), Object.keys(en.page).sort());
});

test("no module keeps texts of its own", () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const own = files.filter((name) => !name.startsWith("text/") && name !== "embed/sky_element.ts");
  for (const name of own) {
    const code = readFileSync(new URL(name, SOURCE), "utf8");
    assert.doesNotMatch(code, /^const TEXT = /m, `${name} has texts of its own: they belong into text/en.ts`);
    const put = /(textContent|title|placeholder|ariaLabel|innerText|aria-label")(: | = |, )["`][A-Za-z][^"`]{2,}/.exec(
      code,
    );
    assert.equal(put, null, `${name} shows ${put?.[0]}`);
  }
});
