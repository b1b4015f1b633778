// A headset that is none, for `test_devices.py`: `fakeXr` is {width, height: of an eye's viewport, head, views:
// [{projection, matrix}]}, matrices by columns. Its layer is a texture with the eyes side by side, which `read` looks at.
(() => {
  const { width, height, head, views } = FAKE;
  const eyes = views.map(({ projection, matrix }, eye) => ({
    eye,
    projectionMatrix: Float32Array.from(projection),
    transform: { matrix: Float32Array.from(matrix) },
  }));
  const pose = {
    transform: { matrix: Float32Array.from(head) },
    views: eyes,
  };
  window.fakeXr = { session: null, layer: null, frames: 0, modes: [] };

  window.XRWebGLLayer = class {
    constructor(session, gl) {
      this.gl = gl;
      this.texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, this.texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGBA8, 2 * width, height);
      this.framebuffer = gl.createFramebuffer();
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
      gl.framebufferTexture2D(
        gl.FRAMEBUFFER,
        gl.COLOR_ATTACHMENT0,
        gl.TEXTURE_2D,
        this.texture,
        0,
      );
      fakeXr.layer = this;
    }
    getViewport({ eye }) {
      return { x: eye * width, y: 0, width, height };
    }
    // The middle of the light [x, y] in a box around each spot, and its sum; pixels from the left and from below.
    read(spots, half) {
      const { gl } = this;
      gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
      const size = 2 * half;
      const rgba = new Uint8Array(4 * size * size);
      return spots.map(([atX, atY]) => {
        const [left, low] = [Math.round(atX) - half, Math.round(atY) - half];
        gl.readPixels(left, low, size, size, gl.RGBA, gl.UNSIGNED_BYTE, rgba);
        let [sum, x, y] = [0, 0, 0];
        for (let at = 0; at < size * size; at++) {
          const light = rgba[4 * at] + rgba[4 * at + 1] + rgba[4 * at + 2];
          sum += light;
          x += light * (left + (at % size) + 0.5);
          y += light * (low + Math.floor(at / size) + 0.5);
        }
        return [x / sum, y / sum, sum];
      });
    }
  };
  WebGL2RenderingContext.prototype.makeXRCompatible = async () => {};

  class Session extends EventTarget {
    ended = false;
    async requestReferenceSpace() {
      return {};
    }
    updateRenderState() {}
    requestAnimationFrame(draw) {
      return window.requestAnimationFrame((now) => {
        if (this.ended) return;
        draw(now, { getViewerPose: () => pose });
        fakeXr.frames++;
      });
    }
    async end() {
      this.ended = true;
      this.dispatchEvent(new Event("end"));
    }
  }
  Object.defineProperty(navigator, "xr", {
    value: {
      isSessionSupported: async (mode) => mode === "immersive-vr",
      requestSession: async (mode) => {
        fakeXr.modes.push(mode);
        return (fakeXr.session = new Session());
      },
    },
  });
})();
