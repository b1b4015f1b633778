/** The clock of the stars: what date it is there, and how fast that goes on. */
import { YEARS, formatDate, parseDate } from "./date.ts";

const YEAR_S = 365.25 * 86_400;
/** Years a second, from real time on; the other way round they come before. */
const FORWARD = [1 / YEAR_S, 86_400 / YEAR_S, 1 / 12, 1, 10, 100, 1000, 10_000];
export const RATES: readonly number[] = [...FORWARD.map((rate) => -rate).reverse(), ...FORWARD];
/** At which the sky changes within seconds. */
const FIRST_RATE = RATES.indexOf(1000);
/** So near to the pack's own date it is that, years: a day has one text. */
const SAME = 0.5 / 365.25;
/** A page that was hidden goes on where it was, seconds. */
const LONGEST_STEP_S = 1;

export class Clock {
  /** Julian year. */
  year: number;
  playing = false;
  private rateNumber = FIRST_RATE;
  private last: number | null = null;

  /** Stands at `epoch`, a Julian year, which a link need not say unless `always`. */
  constructor(
    readonly epoch: number,
    private readonly always = false,
  ) {
    this.year = epoch;
  }

  /** Years a second. */
  get rate(): number {
    return RATES[this.rateNumber];
  }

  /** The date as a link says it; empty where it need not. */
  get text(): string {
    return this.year === this.epoch && !this.always ? "" : formatDate(this.year);
  }

  /** Goes on by `by` in the list of rates; false where there are no more. */
  change(by: number): boolean {
    const next = this.rateNumber + by;
    if (next < 0 || next >= RATES.length) return false;
    this.rateNumber = next;
    return true;
  }

  play(): void {
    const [first, last] = YEARS;
    if (this.year === (this.rate > 0 ? last : first)) return;
    this.playing = true;
    this.last = null;
  }

  /** Stands still, at the date that it shows: a link holds no more. */
  pause(): void {
    this.playing = false;
    this.set(parseDate(formatDate(this.year)) ?? this.year);
  }

  /** Puts it to a Julian year, or the nearest that there is. */
  set(year: number): void {
    const held = Math.min(Math.max(year, YEARS[0]), YEARS[1]);
    this.year = Math.abs(held - this.epoch) < SAME ? this.epoch : held;
  }

  /** Brings it to `now`, milliseconds; true while it goes on. */
  step(now: number): boolean {
    if (!this.playing) return false;
    const elapsed = this.last === null ? 0 : Math.min((now - this.last) / 1000, LONGEST_STEP_S);
    this.last = now;
    const next = this.year + elapsed * this.rate;
    const [first, last] = YEARS;
    this.year = Math.min(Math.max(next, first), last);
    if (this.year !== next) this.pause();
    return this.playing;
  }
}
