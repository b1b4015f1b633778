/** A smooth way from view to view. */
import type { Camera } from "../camera.ts";
import type { Plan } from "../flight.ts";
import { towards } from "../sky.ts";
import type { ViewState } from "../view_state.ts";
import { type Vec3, add, length, scale, slerp, sub } from "../vec.ts";

/** How long it takes where one stands, and to another place. */
const SECONDS = { turn: 3, move: 6 };
const ease = (t: number) => t * t * t * (t * (6 * t - 15) + 10);

/** To the place, direction and field of view that a link would name, leaving the rest. */
export class ViewWay implements Plan {
  readonly end: Vec3;
  private readonly start: { position: Vec3; look: Vec3; fov: number };
  private readonly look: Vec3;
  private readonly fov: number;
  private readonly seconds: number;

  constructor(
    private readonly camera: Camera,
    { pos, look, fov }: ViewState,
  ) {
    this.start = { position: camera.position, look: camera.forward, fov: camera.fovDeg };
    this.end = pos ?? camera.position;
    this.look = look ? towards(...look) : camera.forward;
    this.fov = fov ?? camera.fovDeg;
    this.seconds = length(sub(this.end, camera.position)) > 0 ? SECONDS.move : SECONDS.turn;
  }

  step(elapsed: number): boolean {
    const { camera, start, end } = this;
    const t = Math.min(1, elapsed / this.seconds);
    const done = ease(t);
    camera.position = t === 1 ? end : add(start.position, scale(sub(end, start.position), done));
    camera.look(slerp(start.look, this.look, done));
    camera.fovDeg = start.fov * (this.fov / start.fov) ** done;
    return t === 1;
  }

  jump(): void {
    this.step(Infinity);
  }
}
