/** Numbers as the visitor's language writes them. */
import { TEXT } from "./text.ts";

const formats = new Map<string, Intl.NumberFormat>();

/** `value` as the options of Intl.NumberFormat say, with a minus sign of its own. */
export function written(value: number, options: Intl.NumberFormatOptions = {}): string {
  const key = JSON.stringify([TEXT.locale, options]);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(TEXT.locale, options)));
  return format.format(value).replace("-", "−");
}

/** `value` with so many digits after the decimal sign. */
export function decimal(value: number, digits: number): string {
  return written(value, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
