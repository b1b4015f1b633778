/** The sky in a headset: both eyes' views are drawn from where the camera is, and the head turns them. */
import type { Camera } from "../camera.ts";
import type { Controls } from "../controls.ts";
import type { ScreenSize } from "../star_pass.ts";
import { add } from "../vec.ts";
import type { Viewport, XrFrame, XrLayer, XrSession, XrSpace, XrSystem, XrView, XrViewerPose } from "./device.ts";
import { EyeCamera, Room, type Tangents, partOf, pictureFor, tangentsOf } from "./eyes.ts";

/** What is drawn for the eyes. */
export interface Immersed {
  readonly camera: Camera;
  readonly stage: {
    readonly canvas: HTMLCanvasElement;
    readonly size: ScreenSize;
    fit(size?: ScreenSize): void;
    draw(camera: Camera, exposure: number): void;
  };
  readonly controls: Controls | null;
  /** Draws in place of the page's view and of what is over it; null: these are drawn. */
  instead: ((exposure: number) => void) | null;
  /** Does what a frame at `now`, milliseconds, is for, and draws it. */
  draw(now: number): void;
  invalidate(): void;
}

interface Eye {
  view: XrView;
  tangents: Tangents;
  viewport: Viewport;
}

export class Immersion {
  private readonly eyeCamera = new EyeCamera();
  private readonly room: Room;
  private readonly fovDeg: number;
  private eyes: Eye[] = [];
  private size: ScreenSize = { width: 1, height: 1, density: 1 };

  private constructor(
    private readonly app: Immersed,
    private readonly gl: WebGL2RenderingContext,
    private readonly session: XrSession,
    private readonly space: XrSpace,
    private readonly layer: XrLayer,
  ) {
    this.room = new Room(app.camera.forward, app.camera.upName);
    this.fovDeg = app.camera.fovDeg;
    app.instead = (exposure) => this.paint(exposure);
    for (const [begin, end, what] of [
      ["selectstart", "selectend", "forward"],
      ["squeezestart", "squeezeend", "back"],
    ] as const) {
      session.addEventListener(begin, () => app.controls?.hold(what, true));
      session.addEventListener(end, () => app.controls?.hold(what, false));
    }
    session.addEventListener("end", () => this.leave());
    this.next();
  }

  /** Shows the sky of `app` in the device until it, or the visitor, ends that. @throws Error where the device does not. */
  static async enter(app: Immersed, device: XrSystem): Promise<XrSession> {
    const session = await device.requestSession("immersive-vr");
    try {
      const gl = app.stage.canvas.getContext("webgl2") as WebGL2RenderingContext; // as the stage made it
      await gl.makeXRCompatible();
      const layer = new XRWebGLLayer(session, gl, { antialias: false, alpha: false, depth: false, stencil: false });
      await session.updateRenderState({ baseLayer: layer });
      new Immersion(app, gl, session, await session.requestReferenceSpace("local"), layer);
    } catch (reason) {
      await session.end();
      throw reason;
    }
    return session;
  }

  private next(): void {
    this.session.requestAnimationFrame((now, frame) => this.step(now, frame));
  }

  private step(now: number, frame: XrFrame): void {
    this.next();
    const pose = frame.getViewerPose(this.space);
    if (!pose) return;
    this.take(pose);
    this.app.draw(now);
    this.eyes = []; // they may be drawn within this call only
  }

  /** Takes over how the head is held. */
  private take({ transform, views }: XrViewerPose): void {
    const { camera, stage } = this.app;
    this.eyes = views.flatMap((view) => {
      const viewport = this.layer.getViewport(view);
      return viewport && viewport.width > 0 ? [{ view, viewport, tangents: tangentsOf(view.projectionMatrix) }] : [];
    });
    if (this.eyes.length === 0) return;
    const { width, height, fovDeg } = pictureFor(this.eyes);
    if (this.size.width !== width || this.size.height !== height) this.size = { width, height, density: 1 };
    if (stage.size !== this.size) stage.fit(this.size);
    camera.look(this.room.pose(transform.matrix).forward);
    camera.fovDeg = this.eyeCamera.fovDeg = fovDeg;
  }

  private paint(exposure: number): void {
    const { app, gl, eyeCamera } = this;
    if (this.eyes.length === 0) return;
    const picture = pictureFor(this.eyes);
    for (const { view, viewport, tangents } of this.eyes) {
      const { offset, ...axes } = this.room.pose(view.transform.matrix);
      eyeCamera.axes = axes;
      eyeCamera.position = add(app.camera.position, offset);
      app.stage.draw(eyeCamera, exposure);
      const { left, right, below, above } = partOf(picture, tangents);
      const { x, y, width, height } = viewport;
      gl.bindFramebuffer(gl.READ_FRAMEBUFFER, null);
      gl.bindFramebuffer(gl.DRAW_FRAMEBUFFER, this.layer.framebuffer);
      gl.blitFramebuffer(left, below, right, above, x, y, x + width, y + height, gl.COLOR_BUFFER_BIT, gl.LINEAR);
    }
    gl.bindFramebuffer(gl.FRAMEBUFFER, null);
  }

  private leave(): void {
    const { app } = this;
    app.instead = null;
    app.camera.fovDeg = this.fovDeg;
    for (const what of ["forward", "back"] as const) app.controls?.hold(what, false);
    app.stage.fit();
    app.invalidate();
  }
}
