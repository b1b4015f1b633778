/**
 * Squares and points by the hundred thousand, of which tables hold what each is like, in blocks.
 *
 * The obvious way, an instance of four vertices for each, wastes most lanes of GPUs that take up one instance at a time,
 * and costs those that are programs ten times as much. So all are drawn at once, and the number of a vertex says of which it is.
 */
export const BLOCK = 32;
/** Blocks of squares that are drawn at once: numbers of 16 bits tell their corners. */
const MOST_BLOCKS = 256;
/** Points are drawn whose middle is so far outside of the picture, pixels: GPUs leave out what they see outside. */
const MARGIN = 48;

/** GLSL of vertex shaders of squares: which block a vertex is of, which square in it, and which corner. */
export const QUAD_GLSL = /* glsl */ `
uniform int first; // block
int blockNumber() {
  return first + gl_VertexID / ${4 * BLOCK};
}
int numberInBlock() {
  return (gl_VertexID >> 2) % ${BLOCK};
}
vec2 quadCorner() {
  return 2.0 * vec2(gl_VertexID & 1, (gl_VertexID >> 1) & 1) - 1.0;
}
`;

/** GLSL of vertex shaders of points: the same, and how far around the picture, pixels, the space for points goes. */
export const POINT_GLSL = /* glsl */ `
const float MARGIN = ${MARGIN}.0;
int blockNumber() {
  return gl_VertexID / ${BLOCK};
}
int numberInBlock() {
  return gl_VertexID % ${BLOCK};
}
`;

export class Quads {
  private readonly vertexArray: WebGLVertexArrayObject;

  constructor(private readonly gl: WebGL2RenderingContext) {
    this.vertexArray = gl.createVertexArray();
    gl.bindVertexArray(this.vertexArray);
    const corners = new Uint16Array(6 * BLOCK * MOST_BLOCKS);
    for (let quad = 0; quad < BLOCK * MOST_BLOCKS; quad++) {
      const first = 4 * quad;
      corners.set([first, first + 1, first + 2, first + 2, first + 1, first + 3], 6 * quad);
    }
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, corners, gl.STATIC_DRAW);
  }

  /** Draws `blocks` blocks of squares with the program that `use` makes ready for those from `first` on. */
  draw(blocks: number, use: (first: number) => void): void {
    const { gl } = this;
    for (let first = 0; first < blocks; first += MOST_BLOCKS) {
      use(first);
      gl.bindVertexArray(this.vertexArray);
      gl.drawElements(gl.TRIANGLES, 6 * BLOCK * Math.min(blocks - first, MOST_BLOCKS), gl.UNSIGNED_SHORT, 0);
    }
  }

  /** Draws `blocks` blocks of points with the program in use, into a picture of `width` x `height` pixels. */
  drawPoints(blocks: number, { width, height }: { width: number; height: number }): void {
    const { gl } = this;
    gl.bindVertexArray(null);
    gl.viewport(-MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN);
    gl.drawArrays(gl.POINTS, 0, BLOCK * blocks);
    gl.viewport(0, 0, width, height);
  }
}
