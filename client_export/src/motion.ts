/**
 * Flying by what is held: its speed follows the distance to the nearest light, so that near a star one moves by its size and
 * between galaxies by theirs. Pure: time is handed in, and each span of it counts wholly, however few frames there are.
 */
import type { Camera } from "./camera.ts";
import type { NearLight } from "./nearest.ts";
import { clamp, smoothstep } from "./numbers.ts";
import { LIGHT_YEAR_M, PARSEC_M } from "./sky.ts";
import { type Vec3, add, dot, length, scale, sub } from "./vec.ts";

/** Distances to the nearest light that are flown in a second, towards it and away from it. */
const RATE = [1, 4] as const;
/** Metres a second where there is no light at all. */
const SPEED_IN_THE_DARK = LIGHT_YEAR_M;
const FASTEST = 1e8 * PARSEC_M;
/** A star is not come nearer to, metres: a little more than the Sun's radius. */
const STOP_M = 1e9;
const PACE_RANGE = [1e-4, 1e3] as const;
const SHIFT_FACTOR = 10;
/** Time in which the motion follows the keys, and its speed what comes into its way, seconds. */
const EASE_S = 0.12;
const WAY_S = 0.3;
/** Longest step of integration, seconds. */
const STEP_S = 1 / 60;
const KEY_TURN_RAD_PER_S = 0.6;
const KEY_ZOOM_PER_S = 2;

export type Control =
  | "forward"
  | "back"
  | "left"
  | "right"
  | "down"
  | "up"
  | "lookLeft"
  | "lookRight"
  | "lookUp"
  | "lookDown"
  | "narrow"
  | "wide";

export class Motion {
  /** Shift is held. */
  fast = false;
  /** What a user makes of the speed. */
  private pace = 1;
  /** Since when each is held, milliseconds. */
  private readonly since = new Map<Control, number>();
  /** Seconds since the last step that each was held before it was let go. */
  private readonly past = new Map<Control, number>();
  /** The last step, or when the first key was pressed; null at rest. */
  private last: number | null = null;
  /** Shares of the full speed: right, up, forward. */
  private throttle: Vec3 = [0, 0, 0];
  /** How far the nearest light lies behind the motion, 0 to 1. */
  private behind = 0;

  /** `nearest` finds the light nearest to a place, metres. */
  constructor(
    private readonly camera: Camera,
    private readonly nearest: (place: Vec3) => NearLight | null,
  ) {}

  /** Holds a direction down or lets it go at `now`, milliseconds. */
  hold(what: Control, down: boolean, now: number): void {
    if (down === this.since.has(what)) return;
    this.last ??= now;
    if (down) {
      this.since.set(what, now);
    } else {
      this.past.set(what, this.heldUntil(what, now));
      this.since.delete(what);
    }
  }

  /** Lets all go at `now`, as where the page no longer hears of keys. */
  release(now: number): void {
    for (const what of [...this.since.keys()]) this.hold(what, false, now);
    this.fast = false;
  }

  /** Stops, as before a jump or after a pause in which no frame was drawn; what is held moves no more. */
  rest(): void {
    this.since.clear();
    this.past.clear();
    this.throttle = [0, 0, 0];
    this.last = null;
  }

  /** Makes it faster by powers of ten. */
  changePace(decades: number): void {
    this.pace = clamp(this.pace * 10 ** decades, PACE_RANGE);
  }

  /** Metres a second at full key press, here. */
  get speed(): number {
    return this.speedBy(this.nearest(this.camera.position));
  }

  /** Moves the camera by what was held until `now`, milliseconds; true while it goes on moving. */
  step(now: number): boolean {
    if (this.last === null) return false;
    const seconds = (now - this.last) / 1000;
    // A frame may be said to begin before the key was pressed that asked for it.
    if (seconds <= 0) return true;
    const held = (what: Control): number => this.heldUntil(what, now) / seconds;
    const axis = (plus: Control, minus: Control): number => held(plus) - held(minus);
    const angle = KEY_TURN_RAD_PER_S * seconds * (this.camera.fovDeg / 60);
    const [turnRight, turnUp] = [axis("lookRight", "lookLeft"), axis("lookUp", "lookDown")];
    if (turnRight !== 0 || turnUp !== 0) this.camera.turn(turnRight * angle, turnUp * angle);
    this.camera.zoom(KEY_ZOOM_PER_S ** (axis("wide", "narrow") * seconds));
    this.fly([axis("right", "left"), axis("up", "down"), axis("forward", "back")], seconds);
    this.past.clear();
    const moving = this.since.size > 0 || length(this.throttle) > 0;
    this.last = moving ? now : null;
    return moving;
  }

  /** Seconds from the last step to `now` that `what` was held. */
  private heldUntil(what: Control, now: number): number {
    const from = Math.max(this.since.get(what) ?? now, this.last ?? now);
    return (this.past.get(what) ?? 0) + Math.max(now - from, 0) / 1000;
  }

  /** Follows `wanted`, shares of the full speed to the right, up and forward, for `seconds`. */
  private fly(wanted: Vec3, seconds: number): void {
    if (length(wanted) === 0 && length(this.throttle) === 0) return;
    const steps = Math.ceil(seconds / STEP_S - 1e-9);
    const span = seconds / steps;
    const follow = 1 - Math.exp(-span / EASE_S);
    const { right, up, forward } = this.camera.basis();
    for (let i = 0; i < steps; i++) {
      const lack = sub(wanted, this.throttle);
      // The mean of this span, so that in the end a key has moved by what it was held.
      const mean = sub(wanted, scale(lack, (follow * EASE_S) / span));
      this.throttle = add(this.throttle, scale(lack, follow));
      this.move(add(add(scale(right, mean[0]), scale(up, mean[1])), scale(forward, mean[2])), span);
    }
    if (length(wanted) === 0 && length(this.throttle) < 1e-3) this.throttle = [0, 0, 0];
  }

  /** Moves by `share` of the full speed for `seconds`, which are few. */
  private move(share: Vec3, seconds: number): void {
    const amount = length(share);
    if (amount === 0) return;
    const light = this.nearest(this.camera.position);
    const away = light ? awayFrom(light, share) : 0;
    const behind = light?.star ? smoothstep(-0.8, 0.8, away) : 0;
    this.behind += (behind - this.behind) * (1 - Math.exp(-seconds / WAY_S));
    let way = this.speedBy(light, away) * amount * seconds;
    // However fast, one never flies through a star.
    if (light && way > 0) {
      const reach = reachOf(light, away);
      way = reach * (1 - Math.exp(-way / reach));
    }
    this.camera.position = add(this.camera.position, scale(share, way / amount));
  }

  private speedBy(light: NearLight | null, away = 0): number {
    const full = this.pace * (this.fast ? SHIFT_FACTOR : 1);
    if (!light) return SPEED_IN_THE_DARK * full;
    const rate = RATE[0] + (RATE[1] - RATE[0]) * this.behind;
    return Math.min(reachOf(light, away) * rate * full, FASTEST);
  }
}

/** The cosine of the angle between a motion and the way from `light`: 1 where it lies behind, or here. */
function awayFrom({ distance, offset }: NearLight, motion: Vec3): number {
  const product = length(offset) * length(motion);
  return distance > 0 && product > 0 ? -dot(offset, motion) / product : 1;
}

/** The length that a speed is in proportion to, metres; none where a star is in the way. */
function reachOf({ distance, star, stop = STOP_M }: NearLight, away: number): number {
  if (!star || away >= 0) return Math.max(distance, stop);
  if (distance > stop) return distance - stop;
  // Who is inside of it, as at the Sun, may leave it either way.
  return distance < stop / 2 ? stop : 0;
}
