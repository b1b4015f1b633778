/** The date of the stars: the clock, its bar and keys, and what moves the stars. */
import { takesKeys } from "../controls.ts";
import { showNotice } from "../notices.ts";
import type { Bodies } from "../solar/orbited.ts";
import type { Source } from "../source.ts";
import { TreeSource } from "../tree/source.ts";
import { TEXT } from "../text/text.ts";
import { Bar, invalidDate } from "./bar.ts";
import { Clock } from "./clock.ts";
import { formatDate, parseDate, yearOf } from "./date.ts";
import { Motions } from "./motions.ts";

/** So far from the sky's own date, years, what stands for many stars would have moved to be seen. */
const FAR_YR = 1000;

/** What the clock moves. */
export interface TimeHost {
  /** The date as a link says it; empty at the sky's own. */
  date: string;
  readonly source: Source;
  bodies: Bodies | null;
  invalidate(): void;
}

/**
 * Of a sky with bodies or stars that move; of another it says that they stand still. It begins at the Julian year `home`,
 * null of that other; stars are at `epoch` in their pack, null where they have no motions. With bodies, which move every day,
 * a link always says the date.
 */
export class Time {
  private readonly clock: Clock;
  private readonly motions: Motions | null;
  private readonly bar: Bar;
  /** Whether anything goes by the date. */
  private readonly runs: boolean;
  /** What it told the page, or was told by it. */
  private told = "";
  private readonly again = () => this.motions?.retry();

  constructor(
    private readonly host: TimeHost,
    home: number | null,
    private readonly epoch: number | null,
    private readonly onShow: (text: string) => void,
    private readonly onClose: () => void,
  ) {
    const { source, bodies } = host;
    const moves = epoch !== null && source instanceof TreeSource;
    this.runs = home !== null && (moves || bodies !== null);
    this.clock = new Clock(this.runs && home !== null ? home : 2000, bodies !== null);
    const onCome = () => host.invalidate();
    const onError = (message: string) => showNotice(message, this.again);
    this.motions = moves ? new Motions(source, epoch, { onCome, onError }) : null;
    this.bar = new Bar(this.runs ? formatDate(this.clock.epoch) : null, {
      onRate: (by) => this.change(() => void this.clock.change(by)),
      onPlay: () => this.change(() => (this.clock.playing ? this.clock.pause() : this.clock.play())),
      onDate: (text) => this.type(text),
      onNow: () => this.change(() => this.stand(yearOf(Date.now()))),
      onEpoch: () => this.change(() => this.stand(this.clock.epoch)),
      onClose: () => this.close(),
    });
    this.bar.shown = false;
    window.addEventListener("keydown", (event) => this.press(event));
  }

  /** Julian year. */
  get year(): number {
    return this.clock.year;
  }

  /** Brings the stars to `now`, milliseconds, or to what a link says; true while time goes on. */
  step(now: number): boolean {
    if (this.host.date !== this.told) this.read();
    const goesOn = this.clock.step(now);
    this.tell();
    this.motions?.move(this.clock.year, !this.clock.playing);
    return goesOn;
  }

  /** Resolves when the stars that are shown are where they are at its date. */
  async settle(): Promise<void> {
    if (this.host.date !== this.told) this.read();
    this.motions?.move(this.clock.year, true);
    await this.motions?.settle();
    this.motions?.move(this.clock.year, true);
  }

  /** Opens the bar, or closes it. */
  toggle(): void {
    if (this.bar.shown) {
      this.close();
      return;
    }
    this.bar.shown = true;
    this.bar.focus();
  }

  private close(): void {
    this.bar.shown = false;
    this.onClose();
  }

  private press(event: KeyboardEvent): void {
    if (!this.bar.shown || !this.runs || takesKeys(event.target)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const actions: Record<string, () => void> = {
      p: () => (this.clock.playing ? this.clock.pause() : this.clock.play()),
      "[": () => void this.clock.change(-1),
      "]": () => void this.clock.change(1),
    };
    const action = actions[event.key.toLowerCase()];
    if (action) this.change(action);
  }

  private change(work: () => void): void {
    this.bar.refuse(null);
    work();
    this.tell();
    this.host.invalidate();
  }

  private stand(year: number): void {
    this.clock.set(year);
    this.clock.pause();
  }

  private type(text: string): void {
    const year = parseDate(text);
    if (year === null) this.bar.refuse(text);
    else this.change(() => this.stand(year));
  }

  /** Takes over what a link says. */
  private read(): void {
    const { date } = this.host;
    const year = date === "" ? this.clock.epoch : parseDate(date);
    if (year === null || (date !== "" && !this.runs)) {
      showNotice(this.runs ? invalidDate(date) : TEXT.time.none);
    } else {
      this.stand(year);
      if (date !== "" && this.clock.year !== this.clock.epoch) this.bar.shown = true;
    }
    this.tell();
  }

  /** Tells the page, and the visitor, what date it is. */
  private tell(): void {
    const { year, text, rate, playing } = this.clock;
    this.told = this.host.date = text;
    this.onShow(year === this.clock.epoch ? "" : text);
    const far = Math.abs(year - (this.epoch ?? year)) > FAR_YR && this.hasClouds;
    const stars = this.motions ? [TEXT.time.straight, far ? TEXT.time.clouds : ""] : [];
    const note = [...stars, this.host.bodies?.solar?.note ?? ""].filter(Boolean).join(" ");
    if (this.runs) this.bar.show({ date: formatDate(year), rate: rateText(rate), playing, note });
  }

  private get hasClouds(): boolean {
    const { source } = this.host;
    return source instanceof TreeSource && source.pack.head.stars > source.pack.head.sky.stars;
  }
}

/** How fast time goes, in words. */
function rateText(rate: number): string {
  const speed = Math.abs(rate);
  const named = speed >= 1 ? TEXT.time.years(speed) : speed > 1 / 20 ? TEXT.time.month : "";
  const words = named || (speed > 1e-4 ? TEXT.time.day : TEXT.time.real);
  return rate < 0 ? TEXT.time.backwards(words) : words;
}
