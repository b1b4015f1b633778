/** Goes through the stops of a tour: there, stay, on to the next. It knows nothing of cameras, and its clock is handed in. */
import type { Stop } from "./tour_file.ts";

/** Time, milliseconds. */
export interface Clock {
  now(): number;
  /** Calls `done` after `ms`, unless what it returns is called before. */
  after(ms: number, done: () => void): () => void;
}

/**
 * Goes to a stop: true once there, false where there is no such place. `wanted` turns false when the tour goes elsewhere
 * meanwhile.
 */
export type Go = (stop: Stop, wanted: () => boolean) => Promise<boolean>;

export class Player {
  private at = 0;
  private on = false;
  /** Counts departures: what an earlier one brings about is void. */
  private departure = 0;
  /** How long to stay here yet, milliseconds; null where the view is not that of the stop. */
  private left: number | null = null;
  private stay: { since: number; cancel: () => void } | null = null;

  /** `onChange` is called whenever what is shown or whether it plays changes. */
  constructor(
    private readonly stops: readonly Stop[],
    private readonly go: Go,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  /** The number of the stop that is shown, from 0. */
  get index(): number {
    return this.at;
  }

  get playing(): boolean {
    return this.on;
  }

  /** The tour has been played to its end. */
  get ended(): boolean {
    return !this.on && this.left === 0 && this.at === this.stops.length - 1;
  }

  /** Goes on where it was paused, or begins again after its end. */
  play(): void {
    if (this.on) return;
    const again = this.ended;
    this.on = true;
    if (again) this.depart(0);
    else if (this.left === null) this.depart(this.at);
    else this.wait(this.left);
    this.onChange();
  }

  /** Stays at this stop; `taken`: the visitor has taken the camera, so that to play is to come back first. */
  pause(taken = false): void {
    if (taken) {
      this.departure++;
      this.rest();
      this.left = null;
    } else {
      this.rest();
    }
    if (!this.on) return;
    this.on = false;
    this.onChange();
  }

  /** Goes to the stop so many after this one, or before; beyond the ends nothing happens. */
  skip(by: number): void {
    const next = this.at + by;
    if (!(next in this.stops)) return;
    this.depart(next);
    this.onChange();
  }

  private depart(to: number): void {
    this.rest();
    this.left = null;
    this.at = to;
    const own = ++this.departure;
    const stop = this.stops[to];
    void this.go(stop, () => own === this.departure).then((there) => {
      if (own !== this.departure) return;
      if (!there) return this.pause(true);
      this.left = 1000 * stop.seconds;
      if (this.on) this.wait(this.left);
    });
  }

  private wait(ms: number): void {
    this.stay = { since: this.clock.now(), cancel: this.clock.after(ms, () => this.leaveStop()) };
  }

  private rest(): void {
    if (!this.stay) return;
    this.stay.cancel();
    if (this.left !== null) this.left = Math.max(0, this.left - (this.clock.now() - this.stay.since));
    this.stay = null;
  }

  private leaveStop(): void {
    this.stay = null;
    this.left = 0;
    if (this.at + 1 < this.stops.length) this.depart(this.at + 1);
    else this.on = false;
    this.onChange();
  }
}
