/** The two kinds of textures that shaders read: pictures that are drawn into, and tables of floats. */
import { TEXT } from "../text/text.ts";

/**
 * How a picture keeps summed light: four channels of half floats, which every device with WebGL 2 and float targets can
 * add into, or of floats, which lose no faint star in a crowd.
 */
export type LightFormat = "RGBA16F" | "RGBA32F";

/** Switches on what adding into pictures of `format`, and reading between their pixels, takes; false where that lacks. */
export function enableFormat(gl: WebGL2RenderingContext, format: LightFormat): boolean {
  const has = (extension: string) => gl.getExtension(extension) !== null;
  if (format === "RGBA16F") return has("EXT_color_buffer_float") || has("EXT_color_buffer_half_float");
  return has("EXT_color_buffer_float") && has("EXT_float_blend") && has("OES_texture_float_linear");
}

/** A picture of linear light that can be drawn into, and read with bilinear interpolation. */
export class RenderTarget {
  readonly texture: WebGLTexture;
  readonly framebuffer: WebGLFramebuffer;
  width = 0;
  height = 0;

  /** `format` must have been enabled. */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    private readonly format: LightFormat,
  ) {
    this.texture = createTexture(gl, gl.LINEAR);
    this.framebuffer = gl.createFramebuffer();
    this.resize(1, 1);
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, this.texture, 0);
  }

  /** Gives it another size, pixels, at which it is black. */
  resize(width: number, height: number): void {
    if (width === this.width && height === this.height) return;
    const { gl } = this;
    this.width = width;
    this.height = height;
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl[this.format], width, height, 0, gl.RGBA, gl.FLOAT, null);
  }

  clear(): void {
    const { gl } = this;
    gl.bindFramebuffer(gl.FRAMEBUFFER, this.framebuffer);
    gl.clearBufferfv(gl.COLOR, 0, [0, 0, 0, 0]);
  }
}

/** What is drawn replaces what is there, or is added to it. */
export type Blending = "replace" | "add";

/** Lets what follows be drawn into all of `target`, or of the canvas. */
export function drawInto(gl: WebGL2RenderingContext, target: RenderTarget | null, blending: Blending): void {
  const { framebuffer, width, height } = target ?? {
    framebuffer: null,
    width: gl.drawingBufferWidth,
    height: gl.drawingBufferHeight,
  };
  gl.bindFramebuffer(gl.FRAMEBUFFER, framebuffer);
  gl.viewport(0, 0, width, height);
  if (blending === "add") {
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE);
  } else {
    gl.disable(gl.BLEND);
  }
}

/** Texels in a row of a table. */
const TABLE_WIDTH = 1024;
/** A table that is full gets so many times the room: what is in it is copied again each time. */
const GROWTH = 4;

/** GLSL: the place of a texel of a `DataTexture`. */
export const TABLE_GLSL = /* glsl */ `
ivec2 texelPlace(int texel) {
  return ivec2(texel % ${TABLE_WIDTH}, texel / ${TABLE_WIDTH});
}
`;

/** A table of float32 texels, for `texelFetch`. */
export class DataTexture {
  texture: WebGLTexture;
  /** How many it has room for on the GPU: room takes time to make, and what is shown first needs little. */
  private rows = 0;
  private readonly mostRows: number;

  /**
   * `values` [texels, channels] stay the caller's to write; `upload` makes what is new in them seen, and what was uploaded
   * before stays.
   *
   * @throws Error where they are more than the GPU takes.
   */
  constructor(
    private readonly gl: WebGL2RenderingContext,
    readonly values: Float32Array,
    private readonly channels: 3 | 4,
  ) {
    this.mostRows = Math.max(1, Math.ceil(values.length / channels / TABLE_WIDTH));
    const most = (gl.getParameter(gl.MAX_TEXTURE_SIZE) as number | null) ?? Infinity; // null: the context is lost
    if (this.mostRows > most) {
      const [asked, taken] = [values.length / channels, most * TABLE_WIDTH].map((count) =>
        count.toLocaleString(TEXT.locale),
      );
      throw new Error(TEXT.gpu.splats(asked, taken));
    }
    this.texture = createTexture(gl, gl.NEAREST);
  }

  /** Gives back what it takes on the GPU. */
  free(): void {
    this.gl.deleteTexture(this.texture);
  }

  /** Copies the rows with texels `start` to `end`, the latter not included, to the GPU. */
  upload(start: number, end: number): void {
    if (end <= start) return;
    const { gl, values, channels } = this;
    const needed = Math.ceil(end / TABLE_WIDTH);
    if (needed > this.rows) {
      if (this.rows > 0) {
        this.free();
        this.texture = createTexture(gl, gl.NEAREST);
        start = 0;
      }
      this.rows = Math.min(Math.max(needed, GROWTH * this.rows), this.mostRows);
      gl.bindTexture(gl.TEXTURE_2D, this.texture);
      gl.texStorage2D(gl.TEXTURE_2D, 1, channels === 3 ? gl.RGB32F : gl.RGBA32F, TABLE_WIDTH, this.rows);
    }
    const texels = values.length / channels;
    const first = Math.floor(start / TABLE_WIDTH);
    const last = Math.min(Math.ceil(end / TABLE_WIDTH), Math.floor(texels / TABLE_WIDTH)); // of whole rows
    const copy = (row: number, width: number, height: number) => {
      const format = channels === 3 ? gl.RGB : gl.RGBA;
      const from = channels * TABLE_WIDTH * row;
      if (height > 0) gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, row, width, height, format, gl.FLOAT, values, from);
    };
    gl.bindTexture(gl.TEXTURE_2D, this.texture);
    copy(first, TABLE_WIDTH, last - first);
    if (end > last * TABLE_WIDTH) copy(last, texels - last * TABLE_WIDTH, 1);
  }
}

/** A texture without levels, bound, whose edge goes on beyond it. */
function createTexture(gl: WebGL2RenderingContext, filter: GLenum): WebGLTexture {
  const texture = gl.createTexture();
  gl.bindTexture(gl.TEXTURE_2D, texture);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, filter);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
  return texture;
}
