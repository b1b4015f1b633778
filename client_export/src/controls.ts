/** Looking and flying by pointer, wheel, keys and the touch pad of buttons. */
import { type Aim, aimAlong } from "./aim.ts";
import { Approach } from "./approach.ts";
import type { Camera } from "./camera.ts";
import { type Control, Motion } from "./motion.ts";
import { type NearLight, NearestLight } from "./nearest.ts";
import { PARSEC_M } from "./sky.ts";
import type { SplatStore } from "./splat_store.ts";
import type { Vec3 } from "./vec.ts";

/** Wheel travel, CSS pixels, that comes nearer by a factor of e: a notch of most wheels by a third. */
const WHEEL_PER_E = 260;
/** The same that zooms tenfold. */
const WHEEL_PER_DECADE = 400;
/** CSS pixels of a line of a wheel that counts lines. */
const LINE_PX = 40;
/** So near to the pointer, CSS pixels, a light is meant. */
const AIM_PX = 14;

const KEYS: Record<string, Control> = {
  KeyW: "forward",
  KeyS: "back",
  KeyA: "left",
  KeyD: "right",
  KeyQ: "down",
  KeyE: "up",
  ArrowLeft: "lookLeft",
  ArrowRight: "lookRight",
  ArrowUp: "lookUp",
  ArrowDown: "lookDown",
  KeyJ: "lookLeft",
  KeyL: "lookRight",
  KeyI: "lookUp",
  KeyK: "lookDown",
  KeyZ: "narrow",
  KeyX: "wide",
};

/** True where keys belong to the element itself: text, sliders and an open dialog. */
export function takesKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, select, textarea, dialog[open]") !== null;
}

/** What is near beside the splats: bodies of the solar system. */
export interface NearBodies {
  nearest(place: Vec3): NearLight | null;
  aim(ray: Vec3, withinRad: number): Aim | null;
}

export class Controls {
  bodies: NearBodies | null = null;
  private readonly motion: Motion;
  private readonly approach: Approach;
  private readonly pointers = new Map<number, { x: number; y: number }>();

  /** `onInput` is called for whatever may change the view; `onGrab` when the user takes the camera in hand. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly camera: Camera,
    store: SplatStore,
    private readonly onInput: () => void,
    private readonly onGrab: () => void,
  ) {
    const nearest = new NearestLight(store);
    const find = (place: Vec3): NearLight | null => {
      const [star, body] = [nearest.find(place), this.bodies?.nearest(place) ?? null];
      return body && (!star || body.distance < star.distance) ? body : star;
    };
    this.motion = new Motion(camera, find);
    this.approach = new Approach(camera, (x, y) => {
      const ray = camera.rayAt(x, y, canvas.clientWidth, canvas.clientHeight);
      const within = AIM_PX / camera.focalPx(canvas.clientHeight);
      const otherwise = find(camera.position)?.distance ?? PARSEC_M;
      return this.bodies?.aim(ray, within) ?? aimAlong(store, camera.position, ray, within, otherwise);
    });
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"] as const) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("contextmenu", (event) => {
      // The menu of a mouse takes its buttons; a finger that rests long goes on.
      if (event instanceof PointerEvent && event.pointerType === "touch") event.preventDefault();
      else this.pointers.clear();
    });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    window.addEventListener("keydown", (event) => this.keyDown(event));
    window.addEventListener("keyup", (event) => this.keyUp(event));
    window.addEventListener("blur", (event) => this.letGo(event.timeStamp));
    document.addEventListener("visibilitychange", (event) => {
      this.letGo(event.timeStamp);
      // No frame is drawn of a hidden page: what went on would leap when it is seen again.
      if (document.hidden) this.rest();
    });
  }

  /** Metres a second at full key press, here. */
  get speed(): number {
    return this.motion.speed;
  }

  /** Holds a direction down or lets it go, for buttons. */
  hold(what: Control, down: boolean, now: number = performance.now()): void {
    this.motion.hold(what, down, now);
    if (down) this.onGrab();
    this.onInput();
  }

  /** Makes flying faster by powers of ten. */
  changeSpeed(decades: number): void {
    this.motion.changePace(decades);
    this.onInput();
  }

  /** Stops, as after a jump. */
  rest(): void {
    this.motion.rest();
    this.approach.rest();
  }

  /** Moves the camera by what was done until `now`, milliseconds; true while it goes on moving. */
  step(now: number): boolean {
    const flies = this.motion.step(now);
    return this.approach.step(now) || flies;
  }

  private letGo(now: number): void {
    this.pointers.clear();
    this.motion.release(now);
    this.onInput();
  }

  private press(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.onGrab();
  }

  private drag(event: PointerEvent): void {
    if (!this.pointers.has(event.pointerId)) return;
    // What lost its button outside of the page is no drag.
    if (event.pointerType === "mouse" && event.buttons === 0) {
      this.pointers.delete(event.pointerId);
      return;
    }
    const before = this.grip();
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const now = this.grip();
    // The sky follows the hand: a pixel of drag is a pixel of sky at the middle of the view.
    const focal = this.camera.focalPx(this.canvas.clientHeight);
    this.camera.turn((before.x - now.x) / focal, (now.y - before.y) / focal);
    if (before.spread > 0) {
      this.approach.pinch(now.x, now.y, Math.max(now.spread, 1) / Math.max(before.spread, 1), event.timeStamp);
    }
    this.onInput();
  }

  /** The middle of the fingers, and how far two of them are apart, CSS pixels. */
  private grip(): { x: number; y: number; spread: number } {
    const [one, two = one] = [...this.pointers.values()];
    const spread = Math.hypot(one.x - two.x, one.y - two.y);
    return { x: (one.x + two.x) / 2, y: (one.y + two.y) / 2, spread };
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE_PX * event.deltaY : event.deltaY;
    this.onGrab();
    // Browsers report a pinch on a touchpad as a wheel with Ctrl.
    if (event.ctrlKey) this.camera.zoom(10 ** (pixels / WHEEL_PER_DECADE));
    else this.approach.push(event.clientX, event.clientY, -pixels / WHEEL_PER_E, event.timeStamp);
    this.onInput();
  }

  private keyDown(event: KeyboardEvent): void {
    this.motion.fast = event.shiftKey;
    if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
    if (event.code === "Comma") this.changeSpeed(-0.25);
    if (event.code === "Period") this.changeSpeed(0.25);
    const what = KEYS[event.code];
    if (!what) return;
    event.preventDefault();
    if (!event.repeat) this.hold(what, true, event.timeStamp);
  }

  private keyUp(event: KeyboardEvent): void {
    this.motion.fast = event.shiftKey;
    const what = KEYS[event.code];
    if (what) this.hold(what, false, event.timeStamp);
  }
}
