/** Fields of JSON from a file, checked; `what` says in every error which file, and which part of it. */
import { SiteError } from "./errors.ts";
import type { Vec3 } from "./vec.ts";

export type Fields = Record<string, unknown>;

/** @throws SiteError where `text` is not JSON. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (reason) {
    throw new SiteError(`${what} is not JSON (${(reason as SyntaxError).message})`);
  }
}

export function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SiteError(`${what} is not a JSON object`);
  }
  return value as Fields;
}

export function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) throw new SiteError(`${what} is not a list`);
  return value;
}

export function textOf(fields: Fields, key: string, what: string): string {
  const value = fields[key];
  if (typeof value !== "string") throw new SiteError(`${what}: "${key}" is ${JSON.stringify(value)}, must be text`);
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

/** @throws SiteError where the field `version` is another than `version`. */
export function checkVersion(fields: Fields, version: number, what: string): void {
  if (fields.version !== version) {
    throw new SiteError(`${what} has version ${JSON.stringify(fields.version)}, this viewer reads ${version}`);
  }
}
