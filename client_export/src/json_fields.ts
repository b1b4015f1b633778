/** Fields of JSON from a file, checked; `what` says in every error which file, and which part of it. */
import { SiteError } from "./errors.ts";

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

export function textOf(fields: Fields, key: string, what: string): string {
  const value = fields[key];
  if (typeof value !== "string") throw new SiteError(`${what}: "${key}" is ${JSON.stringify(value)}, must be text`);
  return value;
}

/** @throws SiteError where the field `version` is another than `version`. */
export function checkVersion(fields: Fields, version: number, what: string): void {
  if (fields.version !== version) {
    throw new SiteError(`${what} has version ${JSON.stringify(fields.version)}, this viewer reads ${version}`);
  }
}
