/** Looking and flying by pointer, wheel, keys and the touch pad of buttons. */
import { type Camera, FOV_RANGE_DEG } from "./camera.ts";
import { clamp } from "./numbers.ts";
import { LIGHT_YEAR_M, PARSEC_M } from "./sky.ts";
import { type Vec3, add, length, scale } from "./vec.ts";

/** Metres a second: from a fast car in the solar system to the far end of the universe in a minute. */
const SPEED_RANGE = [1e3, 1e8 * PARSEC_M] as const;
const SHIFT_FACTOR = 10;
const FIRST_SPEED = LIGHT_YEAR_M;
/** Wheel travel, CSS pixels, that changes the speed tenfold. */
const WHEEL_PER_DECADE = 400;
/** Time in which the motion follows the keys, seconds. */
const EASE_S = 0.12;
const KEY_TURN_RAD_PER_S = 0.6;
const KEY_ZOOM_PER_S = 2;

type Control =
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

const KEYS: Record<string, Control> = {
  KeyW: "forward",
  ArrowUp: "forward",
  KeyS: "back",
  ArrowDown: "back",
  KeyA: "left",
  ArrowLeft: "left",
  KeyD: "right",
  ArrowRight: "right",
  KeyQ: "down",
  KeyE: "up",
  KeyJ: "lookLeft",
  KeyL: "lookRight",
  KeyI: "lookUp",
  KeyK: "lookDown",
  KeyZ: "narrow",
  KeyX: "wide",
};

/** True where keys belong to the element itself: text, sliders and an open dialog. */
export function takesKeys(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest("input, select, textarea, dialog") !== null;
}

export class Controls {
  /** Metres a second at full key press. */
  speed = FIRST_SPEED;
  private readonly pressed = new Set<Control>();
  private readonly pointers = new Map<number, { x: number; y: number }>();
  private fast = false;
  private velocity: Vec3 = [0, 0, 0];

  /** `onInput` is called for whatever may change the view; `onGrab` when the user takes the camera in hand. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly camera: Camera,
    private readonly onInput: () => void,
    private readonly onGrab: () => void,
  ) {
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => this.pointers.delete(event.pointerId));
    }
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    window.addEventListener("keydown", (event) => this.keyDown(event));
    window.addEventListener("keyup", (event) => this.keyUp(event));
    window.addEventListener("blur", () => this.pressed.clear());
  }

  /** Holds a direction down or lets it go, for buttons. */
  hold(what: Control, down: boolean): void {
    if (down) {
      this.pressed.add(what);
      this.onGrab();
    } else {
      this.pressed.delete(what);
    }
    this.onInput();
  }

  changeSpeed(decades: number): void {
    this.speed = clamp(this.speed * 10 ** decades, SPEED_RANGE);
    this.onInput();
  }

  /** Forgets the motion, as after a jump, and goes on at `metresPerSecond`. */
  restart(metresPerSecond: number = FIRST_SPEED): void {
    this.velocity = [0, 0, 0];
    this.speed = clamp(metresPerSecond, SPEED_RANGE);
  }

  /** Moves the camera by what is pressed during `seconds`; true while it goes on moving. */
  step(seconds: number): boolean {
    const axis = (plus: Control, minus: Control) => Number(this.pressed.has(plus)) - Number(this.pressed.has(minus));
    const turnRight = axis("lookRight", "lookLeft");
    const turnUp = axis("lookUp", "lookDown");
    const zoom = axis("wide", "narrow");
    const angle = KEY_TURN_RAD_PER_S * seconds * (this.camera.fovDeg / 60);
    if (turnRight !== 0 || turnUp !== 0) this.camera.turn(turnRight * angle, turnUp * angle);
    if (zoom !== 0) this.zoom(KEY_ZOOM_PER_S ** (zoom * seconds));

    const { right, up, forward } = this.camera.basis();
    const full = this.speed * (this.fast ? SHIFT_FACTOR : 1);
    const ahead = scale(forward, full * axis("forward", "back"));
    const aside = add(scale(right, full * axis("right", "left")), scale(up, full * axis("up", "down")));
    const follow = 1 - Math.exp(-seconds / EASE_S);
    this.velocity = add(scale(this.velocity, 1 - follow), scale(add(ahead, aside), follow));
    if (this.pressed.size === 0 && length(this.velocity) < 1e-3 * this.speed) this.velocity = [0, 0, 0];
    this.camera.position = add(this.camera.position, scale(this.velocity, seconds));
    return this.pressed.size > 0 || length(this.velocity) > 0;
  }

  private zoom(factor: number): void {
    this.camera.fovDeg = clamp(this.camera.fovDeg * factor, FOV_RANGE_DEG);
    this.onInput();
  }

  private press(event: PointerEvent): void {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    this.onGrab();
  }

  private drag(event: PointerEvent): void {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const spread = this.spread();
    this.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    if (spread > 0) {
      this.zoom(spread / Math.max(this.spread(), 1));
      return;
    }
    // The sky follows the hand: a pixel of drag is a pixel of sky at the middle of the view.
    const focal = this.camera.focalPx(this.canvas.clientHeight);
    this.camera.turn((before.x - event.clientX) / focal, (event.clientY - before.y) / focal);
    this.onInput();
  }

  /** Distance of two fingers in CSS pixels, 0 for one. */
  private spread(): number {
    const [one, two] = [...this.pointers.values()];
    return two ? Math.hypot(one.x - two.x, one.y - two.y) : 0;
  }

  private wheel(event: WheelEvent): void {
    event.preventDefault();
    const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 40 * event.deltaY : event.deltaY;
    // Browsers report a pinch on a touchpad as a wheel with Ctrl.
    if (event.ctrlKey) this.zoom(10 ** (pixels / WHEEL_PER_DECADE));
    else this.changeSpeed(-pixels / WHEEL_PER_DECADE);
  }

  private keyDown(event: KeyboardEvent): void {
    this.fast = event.shiftKey;
    if (event.ctrlKey || event.metaKey || event.altKey || takesKeys(event.target)) return;
    if (event.code === "Comma") this.changeSpeed(-0.25);
    if (event.code === "Period") this.changeSpeed(0.25);
    const what = KEYS[event.code];
    if (!what) return;
    event.preventDefault();
    this.hold(what, true);
  }

  private keyUp(event: KeyboardEvent): void {
    this.fast = event.shiftKey;
    const what = KEYS[event.code];
    if (what) this.hold(what, false);
  }
}
