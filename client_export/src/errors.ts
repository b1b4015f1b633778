/** A file of the site is missing, damaged or of another version. The message says which file, what and why. */
export class SiteError extends Error {
  override name = "SiteError";
}

/** Nothing can be read of a file now; it may be there later. */
export class UnreachableError extends SiteError {}

/** The text of anything thrown. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
