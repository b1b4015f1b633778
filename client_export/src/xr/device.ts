/** What is used of the W3C's WebXR Device API, which the types of TypeScript's DOM lack. */

interface Pose {
  transform: {
    /** [16], by columns: from the axes of the eye or head (right, up, back) to those of the reference space, metres. */
    readonly matrix: Float32Array;
  };
}

/** One eye. */
export interface XrView extends Pose {
  /** [16], by columns. */
  readonly projectionMatrix: Float32Array;
}

export interface XrViewerPose extends Pose {
  readonly views: readonly XrView[];
}

export type XrSpace = object;

export interface XrFrame {
  /** Null while the device does not know where the head is. */
  getViewerPose(space: XrSpace): XrViewerPose | null;
}

export interface Viewport {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface XrLayer {
  readonly framebuffer: WebGLFramebuffer | null;
  getViewport(view: XrView): Viewport | null;
}

export interface XrSession extends EventTarget {
  requestReferenceSpace(type: "local"): Promise<XrSpace>;
  updateRenderState(state: { baseLayer: XrLayer }): Promise<void> | void;
  requestAnimationFrame(draw: (now: number, frame: XrFrame) => void): number;
  end(): Promise<void>;
}

export interface XrSystem {
  isSessionSupported(mode: "immersive-vr"): Promise<boolean>;
  requestSession(mode: "immersive-vr"): Promise<XrSession>;
}

declare global {
  interface Navigator {
    readonly xr?: XrSystem;
  }
  var XRWebGLLayer: new (
    session: XrSession,
    gl: WebGL2RenderingContext,
    options: { antialias: boolean; alpha: boolean; depth: boolean; stencil: boolean },
  ) => XrLayer;
  interface WebGL2RenderingContext {
    makeXRCompatible(): Promise<void>;
  }
}
