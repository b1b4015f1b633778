/** Lists, numbers and vectors of JSON from a file, checked: what only files that come after the first sky have. */
import { SiteError } from "./errors.ts";
import { type Fields, fieldsOf } from "./json_fields.ts";
import type { Vec3 } from "./vec.ts";

export function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new SiteError(`${what} is not a list`);
  return value;
}

/** A finite number. */
export function numberOf(fields: Fields, key: string, what: string): number {
  const value = fields[key];
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new SiteError(`${what}: "${key}" is ${JSON.stringify(value)}, must be a number`);
  }
  return value;
}

/** A whole number >= 0 that a float64 holds exactly. */
export function countOf(fields: Fields, key: string, what: string): number {
  const value = numberOf(fields, key, what);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new SiteError(`${what}: "${key}" is ${value}, must be a whole number >= 0`);
  }
  return value;
}

/** The vector that is written as `{"x": 0, "y": 0, "z": 0}`. */
export function vectorOf(fields: Fields, key: string, what: string): Vec3 {
  const where = `${what}: "${key}"`;
  const inner = fieldsOf(fields[key], where);
  return [numberOf(inner, "x", where), numberOf(inner, "y", where), numberOf(inner, "z", where)];
}
