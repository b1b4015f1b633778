/** Tables of text: RFC 4180 as Python's `csv` reads it, between commas, semicolons or tabs. */
import { SiteError } from "../errors.ts";
import { TEXT } from "../text/text.ts";

const SEPARATORS = [",", ";", "\t"] as const;
export type Separator = (typeof SEPARATORS)[number];

/** A row, and the line of the file that it begins in, counted from 1. */
export interface Row {
  line: number;
  values: string[];
}

/** A file of rows, the header among them. */
export interface Rows {
  separator: Separator;
  rows: Row[];
}

/**
 * The rows of `text`, blank lines and comments before the header (`#`) left out. Of the three separators it takes the one that the
 * header has most of. `what` names the file in errors.
 *
 * @throws SiteError where a quotation mark is not closed.
 */
export function readRows(text: string, what: string): Rows {
  const start = /^\uFEFF?(?:[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n))*/.exec(text)?.[0].length ?? 0;
  const before = text.slice(0, start).match(/\r\n|\r|\n/g)?.length ?? 0;
  const separator = separatorOf(text, start);
  return { separator, rows: split(text, start, before + 1, separator, what) };
}

/** What the line at `start` has most of, quotations left out. */
function separatorOf(text: string, start: number): Separator {
  const counts = new Map<string, number>();
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') quoted = !quoted;
    else if (!quoted && (letter === "\n" || letter === "\r")) break;
    else if (!quoted) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return SEPARATORS.reduce((best, each) => ((counts.get(each) ?? 0) > (counts.get(best) ?? 0) ? each : best));
}

function split(text: string, start: number, firstLine: number, separator: string, what: string): Row[] {
  const rows: Row[] = [];
  let [line, at] = [firstLine, start];
  while (at < text.length) {
    const row: Row = { line, values: [] };
    const rowStart = at;
    for (;;) {
      let value = "";
      if (text[at] === '"') {
        const opened = line;
        // Two marks within a quotation are one.
        for (;;) {
          const close = text.indexOf('"', at + 1);
          if (close < 0) throw new SiteError(TEXT.points.open(what, opened));
          const part = text.slice(at + 1, close);
          line += part.match(/\r\n|\r|\n/g)?.length ?? 0;
          value += part;
          at = close + 1;
          if (text[at] !== '"') break;
          value += '"';
        }
      }
      const from = at;
      while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
      row.values.push(value + text.slice(from, at));
      if (text[at] !== separator) break;
      at++;
    }
    if (at > rowStart) rows.push(row);
    if (text[at] === "\r" && text[at + 1] === "\n") at++;
    at++;
    line++;
  }
  return rows;
}
