import { TEXT } from "./text/text.ts";

/** A file of the site is missing, damaged or of another version. The message says which file, what and why. */
export class SiteError extends Error {
  override name = "SiteError";
}

/** The server answered with something else than the file; the message is in the visitor's language. */
export class AnswerError extends SiteError {}

/**
 * Nothing can be read of a file now; it may be there later, not before `afterMs` if the server says so. `unanswered`: there was
 * no answer, or none that the browser takes for one.
 */
export class UnreachableError extends AnswerError {
  constructor(
    message: string,
    readonly afterMs = 0,
    readonly unanswered = false,
  ) {
    super(message);
  }
}

/** The server does not give this to us, though it may have it: some say so of what they lack, too. */
export class RefusedError extends AnswerError {}

/** The text of anything thrown, as a worker passes it on. */
export const plainOf = (reason: unknown): string => (reason instanceof Error ? reason.message : String(reason));

/** The text of anything thrown, for a visitor. */
export function messageOf(reason: unknown): string {
  const text = plainOf(reason);
  return reason instanceof SiteError && !(reason instanceof AnswerError) ? TEXT.damaged(text) : text;
}
