/** A file of the site is missing, damaged or of another version. The message says which file, what and why. */
export class SiteError extends Error {
  override name = "SiteError";
}

/**
 * Nothing can be read of a file now; it may be there later, not before `afterMs` if the server says so. `unanswered`: there was
 * no answer, or none that the browser takes for one.
 */
export class UnreachableError extends SiteError {
  constructor(
    message: string,
    readonly afterMs = 0,
    readonly unanswered = false,
  ) {
    super(message);
  }
}

/** The server does not give this to us, though it may have it: some say so of what they lack, too. */
export class RefusedError extends SiteError {}

/** The text of anything thrown. */
export function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
