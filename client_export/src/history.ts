/** The places where one was: a flight, and who flies off after a rest, begins with an entry of the history to which "back" returns. */

/** What an entry of ours bears. */
interface Entry {
  /** How many entries of this page lie before it. */
  depth: number;
  /** The view that was left for it; null once another is told. */
  from: string | null;
}

function present(): Entry {
  const state = window.history.state as Partial<Entry> | null;
  return { depth: typeof state?.depth === "number" ? state.depth : 0, from: state?.from ?? null };
}

/** Keeps the view of the link `hash` in the history, so that "back" returns to it. A view that was just kept is kept once. */
export function remember(hash: string): void {
  const { depth, from } = present();
  if (from === hash) return;
  window.history.replaceState({ depth, from: null }, "", hash);
  window.history.pushState({ depth: depth + 1, from: hash }, "", hash);
}

/** Whether there is a view of this page to return to. */
export function canReturn(): boolean {
  return present().depth > 0;
}

/** Returns to the view that was left last; at the first, the page stays. */
export function goBack(): void {
  if (canReturn()) window.history.back();
}
